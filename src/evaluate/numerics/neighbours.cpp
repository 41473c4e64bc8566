#include "neighbours.h"

#include <tbb/parallel_for.h>

#include <algorithm>

#include "histoloom/core/error.h"

namespace histoloom::evaluate {

double squared_distance(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double d = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    sum += d * d;
  }
  return sum;
}

std::vector<Nearest> nearest(const Features& from, const Features& to) {
  check_internal(to.count() > 0 && from.dimensions == to.dimensions, "no features to compare with");
  std::vector<Nearest> out(from.count());
  tbb::parallel_for(std::size_t{0}, from.count(), [&](std::size_t i) {
    Nearest best{0, squared_distance(from.row(i), to.row(0))};
    for (std::size_t j = 1; j < to.count(); ++j)
      if (const double d = squared_distance(from.row(i), to.row(j)); d < best.squared)
        best = {j, d};
    out[i] = best;
  });
  return out;
}

std::vector<double> squared_reach(const Features& features, std::size_t k) {
  check_internal(features.count() > k, "fewer images than neighbours");
  std::vector<double> out(features.count());
  tbb::parallel_for(std::size_t{0}, features.count(), [&](std::size_t i) {
    std::vector<double> distances;
    for (std::size_t j = 0; j < features.count(); ++j)
      if (j != i) distances.push_back(squared_distance(features.row(i), features.row(j)));
    const auto kth = distances.begin() + static_cast<std::ptrdiff_t>(k - 1);
    std::nth_element(distances.begin(), kth, distances.end());
    out[i] = *kth;
  });
  return out;
}

}  // namespace histoloom::evaluate
