// Levels that part a sample by shares.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

namespace histoloom {

// The level above which `share` of the values lie, halfway between two of them; infinite where
// that is none or all of them.
inline float level_above(std::vector<float> values, double share) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  const auto count = static_cast<std::ptrdiff_t>(values.size());
  const auto wanted = static_cast<std::ptrdiff_t>(
      std::lround(std::clamp(share, 0.0, 1.0) * static_cast<double>(count)));
  if (wanted == 0) return infinity;
  if (wanted == count) return -infinity;
  const auto at = values.begin() + wanted;
  std::nth_element(values.begin(), at, values.end(), std::greater<>());
  const float above = *std::min_element(values.begin(), at);
  return *at + (above - *at) / 2;
}

}  // namespace histoloom
