// Pixels as OpenSlide hands them out.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace histoloom {

// Lays premultiplied ARGB on white and appends it as RGB. A colour above its alpha, which no
// premultiplied pixel should have, is cut at 255.
inline void append_on_white(const std::vector<std::uint32_t>& argb,
                            std::vector<std::uint8_t>& rgb) {
  rgb.reserve(rgb.size() + 3 * argb.size());
  for (const std::uint32_t pixel : argb) {
    const std::uint32_t white = 255 - (pixel >> 24);
    for (const int shift : {16, 8, 0})
      rgb.push_back(static_cast<std::uint8_t>(std::min(255u, (pixel >> shift & 255) + white)));
  }
}

}  // namespace histoloom
