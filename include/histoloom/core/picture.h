// Pictures in memory: 8-bit RGB, rows from the top down without gaps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "histoloom/core/geometry.h"

namespace histoloom {

struct Picture {
  PixelSize size;
  std::vector<std::uint8_t> rgb;  // size.height × size.width × R, G, B

  // The first of the three samples of a pixel inside the picture.
  const std::uint8_t* at(std::int64_t x, std::int64_t y) const {
    return rgb.data() + 3 * static_cast<std::size_t>(y * size.width + x);
  }
  std::uint8_t* at(std::int64_t x, std::int64_t y) {
    return rgb.data() + 3 * static_cast<std::size_t>(y * size.width + x);
  }
};

}  // namespace histoloom
