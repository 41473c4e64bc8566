// The parts of pictures in which seams are looked for.
#pragma once

#include <vector>

#include "histoloom/core/progress.h"
#include "histoloom/evaluate/patch_source.h"

namespace histoloom::evaluate {

inline constexpr std::int64_t kRegionSide = 2048;  // px: what is read of a large slide at a time

struct RegionOptions {
  std::uint64_t seed = 0;
  std::int64_t side = kRegionSide;
  std::int64_t max_pixels = 1 << 26;  // of all regions together
};

// The squares of a picture, each of as many whole periods as fit in `side` and beginning with one;
// a picture that is smaller than one is one. Not none.
std::vector<PixelRect> regions_of(PixelSize size, std::int64_t period, std::int64_t side);

// Regions that show tissue, at random places. Every source has the same share of the pixels, one
// region at least where there is room; what small ones leave goes to larger ones. An image is
// decoded once. \error UserError where all is glass; Interrupted.
std::vector<Picture> read_regions(const PatchSources& sources, std::int64_t period,
                                  const RegionOptions& options, const Progress& progress);

}  // namespace histoloom::evaluate
