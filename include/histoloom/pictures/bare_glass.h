// Whether what a picture shows looks like bare glass: bright and without colour. One rule for what
// networks are trained on as glass and what slides are measured as glass.
#pragma once

#include <algorithm>
#include <array>

namespace histoloom {

// Value that glass exceeds in its darkest channel, of 255.
inline constexpr double kGlassBrightness = 225;
// Difference that glass stays below between its brightest and its darkest channel, of 255.
inline constexpr double kGlassSaturation = 14;

// Tells by `mean_rgb`, the mean of a block of pixels, such as a cell's; a single pixel's noise
// would decide.
inline bool looks_like_glass(const std::array<double, 3>& mean_rgb) {
  const auto [low, high] = std::minmax_element(mean_rgb.begin(), mean_rgb.end());
  return *low > kGlassBrightness && *high - *low < kGlassSaturation;
}

}  // namespace histoloom
