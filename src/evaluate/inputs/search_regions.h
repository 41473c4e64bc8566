// What is searched for copies that are shifted: training images, in parts that a search takes.
#pragma once

#include <vector>

#include "histoloom/evaluate/patch_sampling.h"

namespace histoloom::evaluate {

struct SearchRegion {
  std::size_t source = 0;
  PixelRect rect;
};

// Parts of an image with sides of at most two patches, which overlap so that every square of a
// patch's size lies in one of them. None where the image is smaller than a patch.
//
// Example: with a patch of 256 px an image of 512 × 700 px has two, at (0, 0) and at (0, 188).
std::vector<PixelRect> overlapping_regions(PixelSize image, std::int64_t patch);

// What of the real images is searched.
struct SearchRegions {
  std::vector<SearchRegion> chosen;  // by source
  std::size_t all = 0;               // how many there would be
  // Whether no patch that stands beside the synthetic ones was cut from these images, so that such
  // patches may be looked for in them too.
  bool apart = true;
};

// Regions of the images of `real` that no patch of `beside` was cut from, or of all of them where
// that leaves none; at most `count`, drawn at random. An empty `beside` is of other images.
SearchRegions search_regions(const PatchSources& real, std::span<const PartId> beside,
                             std::int64_t patch, std::int64_t count, std::uint64_t seed);

}  // namespace histoloom::evaluate
