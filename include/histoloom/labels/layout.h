// Where tissue lies on the glass, and which tissue: seeded, at the resolution of latent cells.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "histoloom/core/geometry.h"
#include "histoloom/labels/label_field.h"
#include "histoloom/labels/label_set.h"

namespace histoloom {

enum class LayoutKind { tissue, biopsy, tma, full };

// nullopt for a name that is none of tissue, biopsy, tma, full.
std::optional<LayoutKind> parse_layout_kind(std::string_view name);

struct LayoutOptions {
  LayoutKind kind = LayoutKind::tissue;
  double tissue_fraction = 0.40;  // of the slide's area; ignored by `full`
  double microns_per_cell = 4.0;  // anatomy has a size: 8 px of 0.5 microns
  std::uint64_t seed = 0;
};

// Islands of tissue on glass (none where the label set has no glass, and `full`), filled with
// regions of the set's tissue classes from seeded smooth noise: by ascending id, the first makes
// nests (46 % of the tissue), the second patches inside nests (5 %), the third the bed around
// them, the others patches in the bed (at most 6 % each). The tissue fraction is met within
// 2 points from 8 × 8 cells up. The same options give the same field, for any number of threads.
//
// UserError where no label is tissue, the fraction is not in [0, 1] or a cell has no size.
std::unique_ptr<LabelField> make_layout(LatentSize size, const LabelSet& labels,
                                        const LayoutOptions& options);

}  // namespace histoloom
