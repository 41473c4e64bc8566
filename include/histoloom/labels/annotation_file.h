// Annotations of a real slide, as training reads them.
#pragma once

#include <filesystem>
#include <memory>

#include "histoloom/core/geometry.h"
#include "histoloom/labels/label_field.h"
#include "histoloom/labels/label_set.h"

namespace histoloom {

// Reads QuPath's GeoJSON of a slide of `slide` px at full resolution, with `factor` px a cell. A
// cell takes the label of the last polygon that holds its middle; where none does it is unknown,
// whether the label set has glass or not: nobody has looked at it. UserError as read_mask().
std::unique_ptr<LabelField> read_annotations(const std::filesystem::path& path,
                                             const LabelSet& labels, PixelSize slide, int factor);

}  // namespace histoloom
