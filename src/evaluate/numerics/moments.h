// Mean and variance of floats, summed in double.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>

namespace histoloom::evaluate {

struct Moments {
  double mean = 0;
  double variance = 0;  // divided by n
};

inline Moments moments_of(std::span<const float> values) {
  const auto n = static_cast<double>(values.size());
  Moments out;
  for (const double v : values) out.mean += v / n;
  for (const double v : values) out.variance += (v - out.mean) * (v - out.mean) / n;
  return out;
}

// 1 over the deviation, by which values become ones of deviation 1; 0, which makes them zeros,
// where the variance is no more than `least` or than rounding makes of equal values.
inline double inverse_deviation(const Moments& moments, double least = 0) {
  constexpr double kRounding = 1e-12;  // of the mean square: floats have 24 bits
  const double square = moments.mean * moments.mean + moments.variance;
  return moments.variance > std::max(least, kRounding * square) ? 1 / std::sqrt(moments.variance)
                                                                : 0;
}

// Each value becomes (value − mean) · scale.
inline void shift_and_scale(std::span<float> values, double mean, double scale) {
  for (float& v : values) v = static_cast<float>((static_cast<double>(v) - mean) * scale);
}

}  // namespace histoloom::evaluate
