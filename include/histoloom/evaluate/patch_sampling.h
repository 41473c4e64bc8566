// Patches of tissue, drawn from images and slides.
//
// Each source is cut by a grid of squares whose corner is drawn at random, so that no two patches
// overlap; the squares of all sources are shuffled and those that show too much glass are passed
// over. The same seed and files give the same patches.
//
// Example: 2 sources of 600 × 520 px with a side of 256 px hold 2 · 2 · 2 = 8 patches.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "histoloom/evaluate/patch_source.h"
#include "histoloom/evaluate/picture.h"

namespace histoloom::evaluate {

struct SamplingOptions {
  std::int64_t side = 256;   // px
  std::int64_t count = 256;  // at most so many
  std::uint64_t seed = 0;
  double max_glass = 0.5;  // share of a patch that may be glass
};

struct PatchSet {
  std::vector<Picture> patches;      // all of side × side px
  std::vector<std::size_t> sources;  // for each patch: index of its source
};

// Draws patches; fewer than `count` where the sources hold no more. \error UserError where no
// source is large enough for a patch.
PatchSet sample_patches(const PatchSources& sources, const SamplingOptions& options);

// Parts a set in two of equal size without a common source; what one part has more than the other
// is dropped. A set of one source only is parted patch by patch instead.
std::pair<PatchSet, PatchSet> split_by_source(const PatchSet& set);

// Keeps the first `count` patches.
void truncate(PatchSet& set, std::size_t count);

}  // namespace histoloom::evaluate
