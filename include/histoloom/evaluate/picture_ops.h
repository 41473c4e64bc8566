// What every measure takes: pictures in memory, and planes of them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "histoloom/core/geometry.h"
#include "histoloom/core/picture.h"

namespace histoloom::evaluate {

inline constexpr std::size_t kChannels = 3;

using histoloom::Picture;
using Pictures = std::span<const Picture>;

// Patches and the parts of images that they were cut from (patch_source.h).
struct Sample {
  Pictures patches;
  std::span<const std::size_t> parts;  // part of each patch; empty: each is a part of its own

  Sample(Pictures p, std::span<const std::size_t> of = {}) : patches(p), parts(of) {}
  Sample(const std::vector<Picture>& p) : patches(p) {}
};

// One number a pixel.
struct Plane {
  PixelSize size;
  std::vector<float> values;  // size.height × size.width

  float& at(std::int64_t x, std::int64_t y) {
    return values[static_cast<std::size_t>(y * size.width + x)];
  }
  float at(std::int64_t x, std::int64_t y) const {
    return values[static_cast<std::size_t>(y * size.width + x)];
  }
};

// A copy of `rect`, which lies inside the picture.
Picture crop(const Picture& picture, const PixelRect& rect);
// Swaps rows and columns.
Picture transposed(const Picture& picture);
// One channel, 0 to 255.
Plane channel_plane(const Picture& picture, std::size_t channel);
// Luma by ITU-R BT.601, 0.299 R + 0.587 G + 0.114 B, 0 to 255.
Plane grey_plane(const Picture& picture);

// Share of the 8 × 8 px blocks that are glass: bright and without colour in the mean. Blocks cut
// off by the picture's edges count as whole ones.
double glass_share(const Picture& picture);

}  // namespace histoloom::evaluate
