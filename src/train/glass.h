// What glass looks like.
#pragma once

#include <algorithm>
#include <array>

namespace histoloom {

// Whether a mean colour, 0 to 255 a channel, is bright and without colour.
inline bool looks_like_glass(const std::array<double, 3>& mean) {
  constexpr double kBrightness = 225;  // of the darkest channel
  constexpr double kSaturation = 14;   // brightest minus darkest channel
  const auto [low, high] = std::minmax_element(mean.begin(), mean.end());
  return *low > kBrightness && *high - *low < kSaturation;
}

}  // namespace histoloom
