// DiffInfinite's cleaning of a painted mask: the numbers that a network draws become labels with
// clear regions. Source: Aversa et al. 2023, appendix E, and the published code.
#pragma once

#include "histoloom/core/geometry.h"
#include "histoloom/labels/label_field.h"

namespace histoloom {

// How far apart a cell of the cleaned mask and the cells that decide it may lie, plus one.
inline constexpr std::int64_t kCleaningWindow = 6;

// Labels 0 to `labels` - 1 from size.area() values in [0, 1], row by row; 1 stands for the last
// label. Values are rounded to 8 bits, as the published code stores masks, and then to the nearest
// label. Values outside of [0, 1] count as its ends, NaN as 0. UserError for fewer than 2 labels or
// more than 255.
LabelGrid labels_from_values(const float* values, CellSize size, int labels);

// Cleans a mask in three steps:
//   1. Cells that border on another label (up, down, left or right) become 0, the unknown of
//      published masks.
//   2. Each cell takes the least id of the 6 × 6 cells from it on, which widens the unknown borders
//      and drops specks.
//   3. The mask, 5 cells smaller now, is resized to `out` by the nearest cell.
// UserError if `ids` is smaller than 6 × 6 cells.
//
// Example: 128 × 128 cells become 123 × 123, and 512 × 512 with out = {512, 512}.
LabelGrid clean_labels(const LabelGrid& ids, CellSize out);

}  // namespace histoloom
