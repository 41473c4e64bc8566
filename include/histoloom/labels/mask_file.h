// Masks that users bring: images whose values are label ids.
#pragma once

#include <filesystem>
#include <memory>

#include "histoloom/core/geometry.h"
#include "histoloom/labels/label_field.h"
#include "histoloom/labels/label_set.h"

namespace histoloom {

// Reads a mask for a slide of `slide` px with `factor` px a latent cell: any single-band 8-bit
// image that libvips reads, or an indexed PNG, whose indices are the ids. A mask has the slide's
// size, or that size divided by a whole number (rounded up); a cell takes the id that most of its
// pixels have (on a tie the lowest id that is not unknown). In memory: the grid and a few rows.
//
// Example: a slide of 100 × 60 px has masks of 100 × 60, 50 × 30, 34 × 20, … px; at a factor of 8
// each becomes 13 × 8 cells.
//
// UserError before any work for: a missing or corrupt file, another number of bands or format
// (indexed TIFF counts as RGB), a size that does not fit, an id that the label set lacks (with its
// first pixel).
std::unique_ptr<LabelField> read_mask(const std::filesystem::path& path, const LabelSet& labels,
                                      PixelSize slide, int factor);

}  // namespace histoloom
