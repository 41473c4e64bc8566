// The reader of annotations on any bytes: a mask of the slide's size whose ids are labels, or a
// UserError of one line; nothing else.
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "annotation_mask.h"
#include "one_line.h"

namespace {

using namespace histoloom;

const LabelSet& labels() {
  static const LabelSet set = LabelSet::parse(R"({"labels": [
      {"id": 0, "name": "unknown", "color": [0, 0, 0]}, {"id": 1, "name": "a", "color": [1, 2, 3]},
      {"id": 5, "name": "glass", "color": [9, 9, 9]}], "unknown": 0, "glass": 5})",
                                              "fuzz");
  return set;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::istringstream in(std::string(data, data + size));
  fuzz::refuses_in_one_line([&] {
    const auto mask = mask_of_annotations(in, "fuzz.geojson", labels(), {{333, 205}, 8});
    std::vector<LabelId> ids(static_cast<std::size_t>(mask->size().area()));
    mask->read(CellRect::of(mask->size()), ids.data());
    for (const LabelId id : ids)
      if (labels().find(id) == nullptr) std::abort();
  });
  return 0;
}
