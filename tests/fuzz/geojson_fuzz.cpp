// The reader of annotations on any bytes: a mask of the slide's size whose ids are labels, or a
// UserError of one line; nothing else.
#include <cstdlib>
#include <sstream>
#include <string_view>
#include <vector>

#include "annotation_mask.h"
#include "driver.h"
#include "histoloom/core/error.h"

namespace {

using namespace histoloom;

const LabelSet& labels() {
  static const LabelSet set = LabelSet::parse(R"({"labels": [
      {"id": 0, "name": "unknown", "color": [0, 0, 0]}, {"id": 1, "name": "a", "color": [1, 2, 3]},
      {"id": 5, "name": "glass", "color": [9, 9, 9]}], "unknown": 0, "glass": 5})",
                                              "fuzz");
  return set;
}

fuzz::Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::istringstream in(std::string(data, data + size));
  try {
    const auto mask = mask_of_annotations(in, "fuzz.geojson", labels(), {{333, 205}, 8});
    std::vector<LabelId> ids(static_cast<std::size_t>(mask->size().area()));
    mask->read(CellRect::of(mask->size()), ids.data());
    for (const LabelId id : ids)
      if (labels().find(id) == nullptr) std::abort();
  } catch (const UserError& error) {
    if (std::string_view(error.what()).find('\n') != std::string_view::npos) std::abort();
  }
  return 0;
}

std::vector<fuzz::Bytes> fuzz::seeds() {
  return {
      bytes_of(R"({"type":"FeatureCollection","features":[{"type":"Feature","id":"x","geometry":)"
               R"({"type":"Polygon","coordinates":[[[0,0],[99,0],[99.5,88],[0,0]],[[9,9],[9,20],)"
               R"([20,20]]]},"properties":{"classification":{"name":"a","color":[1,2,3]}},)"
               R"("childObjects":[{"type":"Feature","geometry":{"type":"Polygon","coordinates":)"
               R"([[[1,1],[8,1],[8,8]]]},"properties":{"name":"unknown"}}]}]})"),
      bytes_of(R"([{"type":"Feature","geometry":{"type":"MultiPolygon","coordinates":[[[[0,0],)"
               R"([-9,1e3],[400,7]]],[[[5,5],[6,5],[6,6]]]]},"properties":)"
               R"({"classification":{"names":["A","b"]}}}])"),
      bytes_of(R"({"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[0,0],[300,200],)"
               R"([300,0],[0,200]]]},"properties":{"classification":"a: b"}})")};
}
