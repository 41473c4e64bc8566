// The sliced Wasserstein distance between two sets of patches, one number for each level of their
// Laplacian pyramids. The finest level compares edges and grain, the coarsest colour and layout.
// Karras et al. 2018, "Progressive growing of GANs", section 5 and the published code.
//
// Of each level 7 × 7 × 3 neighbourhoods are cut out as descriptors. The descriptors of either side
// are normalised to mean 0 and deviation 1 channel by channel, and projected on random directions.
// In a direction the distance is the mean difference of the sorted projections.
//
// Example: 256 patches of 256 px a side have the levels 256, 128, 64, 32 and 16. Each patch gives
// 128 descriptors a level, which makes 32,768.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "histoloom/evaluate/bootstrap.h"
#include "histoloom/evaluate/picture_ops.h"

namespace histoloom::evaluate {

struct SlicedWassersteinOptions {
  std::int64_t descriptors = 32768;  // least number a level and side, if the patches hold so many
  int directions = 512;
  int bootstrap_directions = 32;    // directions of these that the interval takes
  std::int64_t smallest_side = 16;  // side of the coarsest level, px
  BootstrapOptions bootstrap;
};

struct LevelDistance {
  std::int64_t side = 0;         // side of the level, px
  std::int64_t descriptors = 0;  // number on either side
  Estimate distance;             // distance in deviations of a channel of the level
};

// The distances, finest level first. Both sets hold equally many patches, all squares of one side:
// a power of two, at least the smallest side. \error InternalError otherwise; Interrupted.
std::vector<LevelDistance> sliced_wasserstein(const Sample& first, const Sample& second,
                                              const SlicedWassersteinOptions& options);

// Two of the sets below.
struct SetPair {
  std::size_t first = 0, second = 0;
};

// The distances of several pairs: a set that stands in several is described once, and sorted once a
// direction. All sets hold equally many patches.
std::vector<std::vector<LevelDistance>> sliced_wasserstein_of_pairs(
    std::span<const Sample> firsts, std::span<const Sample> seconds, std::span<const SetPair> pairs,
    const SlicedWassersteinOptions& options);

}  // namespace histoloom::evaluate
