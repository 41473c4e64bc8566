#include "histoloom/labels/annotation_file.h"

#include <fstream>

#include "annotation_mask.h"
#include "histoloom/core/readable.h"

namespace histoloom {

std::unique_ptr<LabelField> read_annotations(const std::filesystem::path& path,
                                             const LabelSet& labels,
                                             const AnnotatedSlideSize& slide) {
  require_readable(path, "annotations, NAME.geojson");
  std::ifstream in(path, std::ios::binary);
  return mask_of_annotations(in, path.string(), labels,
                             {slide.drawn, slide.factor, labels.unknown(),
                              "is it of another slide? If not, remove it", slide.scaled});
}

}  // namespace histoloom
