// Annotations of a real slide, as training reads them.
#pragma once

#include <filesystem>
#include <memory>

#include "histoloom/core/geometry.h"
#include "histoloom/labels/label_field.h"
#include "histoloom/vocabulary/label_set.h"

namespace histoloom {

// The slide that annotations were drawn on, and the cells that it becomes.
struct AnnotatedSlideSize {
  PixelSize drawn;   // px at full resolution, which annotations count in
  PixelSize scaled;  // px that cells count in
  int factor = 8;    // px of `scaled` a cell
};

// Reads QuPath's GeoJSON. A cell takes the label of the last polygon that holds its middle. A cell
// that no polygon holds is unknown, whether the label set has glass or not: nobody has looked at
// it. UserError as read_mask().
std::unique_ptr<LabelField> read_annotations(const std::filesystem::path& path,
                                             const LabelSet& labels,
                                             const AnnotatedSlideSize& slide);

}  // namespace histoloom
