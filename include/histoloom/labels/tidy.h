// What the labels of a whole slide need beyond the published cleaning (clean.h): no gaps of unknown
// tissue, no specks. Both functions work on any rectangle by itself. The margin that is read around
// the rectangle holds everything a cell's new label can depend on. So a slide of any size is tidied
// by blocks.
#pragma once

#include <cstdint>
#include <memory>

#include "histoloom/labels/label_field.h"
#include "histoloom/vocabulary/label_set.h"

namespace histoloom {

// How far a known label spreads into unknown tissue, in steps up, down, left or right.
inline constexpr std::int64_t kGapReach = 16;

// Unknown cells take the nearest label of tissue within kGapReach steps through unknown cells, on a
// tie the lowest id; those further away stay unknown. Glass doesn't spread.
std::unique_ptr<LabelField> without_gaps(std::unique_ptr<LabelField> field, const LabelSet& labels);

// Connected pieces of one label (4 neighbours) with fewer than `smallest` cells take another label.
// Of the cells around a piece those count that belong to larger pieces: their most frequent label,
// on a tie the lowest id. A piece that only others of its kind surround stays. `smallest` of at
// most 1 changes nothing.
std::unique_ptr<LabelField> without_specks(std::unique_ptr<LabelField> field,
                                           std::int64_t smallest);

// The smallest piece that a slide's generated labels keep: 32 cells (0.0005 mm² at 4 microns a
// cell). On slides below 181 × 181 cells: a thousandth of the slide's area.
std::int64_t smallest_piece(CellSize size);

}  // namespace histoloom
