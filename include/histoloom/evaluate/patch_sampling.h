// Patches of tissue, drawn from images and slides.
//
// Each source is cut by a grid of squares whose corner is drawn at random, so that no two patches
// overlap. The squares of all sources are shuffled, and those that show too much glass are passed
// over. The same seed and files give the same patches.
//
// Example: 2 sources of 600 × 520 px with a side of 256 px hold 2 · 2 · 2 = 8 patches.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "histoloom/evaluate/patch_source.h"
#include "histoloom/evaluate/picture_ops.h"

namespace histoloom {
class Progress;
}

namespace histoloom::evaluate {

struct SamplingOptions {
  std::int64_t side = 256;   // side of a patch, px
  std::int64_t count = 256;  // patches at most
  std::uint64_t seed = 0;
  double max_glass = 0.5;              // share of a patch that may be glass
  const Progress* progress = nullptr;  // tells at every patch whether to stop; null: never
};

struct PatchSet {
  std::vector<Picture> patches;  // squares of side × side px
  std::vector<PartId> parts;     // part that each patch's upper left corner lies in
};

// Draws patches; fewer than `count` if the sources hold no more. \error UserError if no source is
// large enough for a patch; Interrupted.
PatchSet sample_patches(const PatchSources& sources, const SamplingOptions& options);

// Draws two sets without a common source, of at most `options.count` and `second_count` patches.
// The sources are shared out so that both sides have about equally many squares. A single source
// that is large enough is parted patch by patch instead. \error UserError as sample_patches().
std::pair<PatchSet, PatchSet> sample_apart(const PatchSources& sources,
                                           const SamplingOptions& options,
                                           std::int64_t second_count);

// Keeps the first `count` patches.
void truncate(PatchSet& set, std::size_t count);

}  // namespace histoloom::evaluate
