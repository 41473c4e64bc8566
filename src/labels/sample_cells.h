// Cells that stand for a slide, on which shares are measured.
#pragma once

#include <cstdint>
#include <vector>

#include "histoloom/core/geometry.h"
#include "histoloom/labels/label_field.h"
#include "tissue_outline.h"

namespace histoloom {

inline constexpr std::int64_t kMostSamples = 1 << 18;

// All cells of a small slide, else one in each square of a grid, at a random place in it.
std::vector<CellCentre> sample_cells(CellSize size, std::uint64_t seed,
                                     std::int64_t most = kMostSamples);

// Removes the samples that an outline doesn't leave unknown: the class of the others is to be decided.
void keep_open(std::vector<CellCentre>& samples, const LabelField& outline, LabelId unknown);

}  // namespace histoloom
