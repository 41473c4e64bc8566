// Scalar products, summed in independent lanes, which makes vectors of them.
#pragma once

#include <array>
#include <cstddef>
#include <numeric>

namespace histoloom::evaluate {

// Of n numbers each; the lanes are added up in double.
template <std::size_t kLanes, class Number>
double laned_product(const Number* a, const Number* b, std::size_t n) {
  std::array<Number, kLanes> lanes{};
  double sum = 0;
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (std::size_t k = 0; k < kLanes; ++k) lanes[k] += a[i + k] * b[i + k];
  for (; i < n; ++i) sum += static_cast<double>(a[i] * b[i]);
  return std::accumulate(lanes.begin(), lanes.end(), sum);
}

}  // namespace histoloom::evaluate
