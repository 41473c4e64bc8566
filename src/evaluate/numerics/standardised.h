// Grey values that correlate by their product.
#pragma once

#include <cmath>

#include "histoloom/evaluate/picture_ops.h"
#include "moments.h"

namespace histoloom::evaluate {

// A variance of grey values that is their rounding.
inline constexpr double kFlat = 1e-3;

// Values with mean 0 and length 1: the sum of products of two is their correlation. Zeros where
// there is a single value.
inline Plane standardised(Plane plane) {
  const Moments moments = moments_of(plane.values);
  const double pixels = static_cast<double>(plane.values.size());
  shift_and_scale(plane.values, moments.mean,
                  inverse_deviation(moments, kFlat) / std::sqrt(pixels));
  return plane;
}

}  // namespace histoloom::evaluate
