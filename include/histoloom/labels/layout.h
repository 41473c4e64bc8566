// Where tissue lies on the glass, and which tissue: seeded, at the resolution of latent cells.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "histoloom/core/geometry.h"
#include "histoloom/labels/label_field.h"
#include "histoloom/vocabulary/label_set.h"

namespace histoloom {

enum class LayoutKind { tissue, biopsy, tma, full };

// The kind of a name; nullopt for a name that is none of tissue, biopsy, tma, full.
std::optional<LayoutKind> parse_layout_kind(std::string_view name);

struct LayoutOptions {
  LayoutKind kind = LayoutKind::tissue;
  double tissue_fraction = 0.40;  // share of the slide's area; ignored by `full`
  double microns_per_cell = 4.0;  // side of a cell, since anatomy has a size: 8 px of 0.5 microns
  std::uint64_t seed = 0;
  // Islands of a resection, cores of a biopsy or a microarray; 0: the seed and the size decide.
  int pieces = 0;
};

// The most pieces that a layout can be asked for.
inline constexpr int kMostPieces = 10'000;

// Where tissue lies: glass, and the set's unknown label for tissue whose class is still to be
// decided. All is tissue if the label set has no glass, and in `full`. The tissue fraction is met
// within 2 points from 8 × 8 cells up.
//
// Each cell is computed when it is read, 50 to 500 ns, and nothing is kept: packed_field() is for
// what is read more than once. The same options give the same cells, whatever rectangles are read.
//
// UserError if the fraction is not in [0, 1], a cell has no size, or `pieces` is out of range.
std::unique_ptr<LabelField> make_outline(CellSize size, const LabelSet& labels,
                                         const LayoutOptions& options);

// The outline with its unknown cells replaced by regions of the set's tissue classes from seeded
// smooth noise. The classes by ascending id:
//   first   nests (46 % of the tissue)
//   second  patches inside nests (5 %)
//   third   the bed around the nests
//   others  patches in the bed (at most 6 % each)
// Other cells of the outline stay. Cells are computed when they are read.
//
// UserError if no label is tissue.
std::unique_ptr<LabelField> fill_outline(std::unique_ptr<LabelField> outline,
                                         const LabelSet& labels, const LayoutOptions& options);

// fill_outline() of make_outline().
std::unique_ptr<LabelField> make_layout(CellSize size, const LabelSet& labels,
                                        const LayoutOptions& options);

}  // namespace histoloom
