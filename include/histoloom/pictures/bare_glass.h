// Whether what a picture shows looks like bare glass: bright and without colour. One rule for what
// networks are trained on as glass and what slides are measured as glass.
#pragma once

#include <algorithm>
#include <array>

namespace histoloom {

// Of 255: what glass has more of in its darkest channel.
inline constexpr double kGlassBrightness = 225;
// Of 255: what its brightest channel stays below, counted from its darkest.
inline constexpr double kGlassSaturation = 14;

// `mean_rgb`: of a block of pixels, such as a cell's; a single pixel's noise would decide.
inline bool looks_like_glass(const std::array<double, 3>& mean_rgb) {
  const auto [low, high] = std::minmax_element(mean_rgb.begin(), mean_rgb.end());
  return *low > kGlassBrightness && *high - *low < kGlassSaturation;
}

}  // namespace histoloom
