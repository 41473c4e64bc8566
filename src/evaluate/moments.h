// Mean and variance of floats, summed in double.
#pragma once

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

// Each value becomes (value − mean) · scale.
inline void shift_and_scale(std::span<float> values, double mean, double scale) {
  for (float& v : values) v = static_cast<float>((static_cast<double>(v) - mean) * scale);
}

}  // namespace histoloom::evaluate
