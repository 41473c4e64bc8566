// Masks that users bring: images whose values are label ids or colours, and annotations.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "histoloom/core/geometry.h"
#include "histoloom/labels/label_field.h"
#include "histoloom/vocabulary/label_set.h"

namespace histoloom {

struct MaskReading {
  std::filesystem::path colours;  // JSON of colours and labels; empty: none
  // Label of cells that no polygon holds; missing: glass, or unknown if there is no glass.
  std::optional<LabelId> outside_polygons{};
};

// Reads a mask for a slide of `slide` px with `factor` px a latent cell:
//
//   .geojson         annotations in pixels of the slide: a cell takes the label of the last polygon
//                    that holds its middle.
//   any other name   any single-band 8-bit image that libvips reads, or an indexed PNG or TIFF,
//                    whose indices are the ids; of a pyramid the first image. With `colours`, a
//                    JSON of colours and labels (docs/formats.md), an RGB image.
//
// An image has the slide's size, or that size divided by a whole number (rounded up). A cell takes
// the id that most of its pixels have (on a tie the lowest id that is not unknown). In memory: the
// grid and a few rows; of an indexed image its file; of annotations the largest.
//
// Example: a slide of 100 × 60 px has masks of 100 × 60, 50 × 30, 34 × 20, … px. At a factor of 8
// each mask becomes 13 × 8 cells.
//
// UserError before any work for:
//   - a missing or corrupt file, another number of bands or format
//   - a size that does not fit
//   - an id or a colour that stands for no label (with its first pixel)
//   - whatever docs/formats.md says of annotations
std::unique_ptr<LabelField> read_mask(const std::filesystem::path& path, const LabelSet& labels,
                                      PixelSize slide, int factor, const MaskReading& how = {});

}  // namespace histoloom
