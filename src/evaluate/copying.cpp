#include "histoloom/evaluate/copying.h"

#include <tbb/parallel_for.h>

#include <array>
#include <cmath>
#include <numeric>

#include "histoloom/core/error.h"
#include "histoloom/evaluate/bootstrap.h"
#include "moments.h"

namespace histoloom::evaluate {

namespace {

// Grey values with mean 0 and length 1: a product of two is their correlation.
Plane standardised(const Picture& picture) {
  Plane plane = grey_plane(picture);
  const Moments moments = moments_of(plane.values);
  constexpr double kFlat = 1e-3;  // a variance below the rounding of grey values
  const double length = std::sqrt(moments.variance * static_cast<double>(plane.values.size()));
  shift_and_scale(plane.values, moments.mean, moments.variance > kFlat ? 1 / length : 0);
  return plane;
}

Plane turned(const Plane& plane) {
  Plane out{plane.size, std::vector<float>(plane.values.size())};
  for (std::int64_t y = 0; y < plane.size.height; ++y)
    for (std::int64_t x = 0; x < plane.size.width; ++x)
      out.at(y, plane.size.width - 1 - x) = plane.at(x, y);
  return out;
}

// Summed in independent lanes, which makes vectors of them.
double product(const Plane& a, const Plane& b) {
  constexpr std::size_t kLanes = 16;
  std::array<float, kLanes> lanes{};
  double sum = 0;
  const std::size_t n = a.values.size(), whole = n / kLanes * kLanes;
  for (std::size_t i = 0; i < whole; i += kLanes)
    for (std::size_t k = 0; k < kLanes; ++k) lanes[k] += a.values[i + k] * b.values[i + k];
  for (std::size_t i = whole; i < n; ++i) sum += static_cast<double>(a.values[i] * b.values[i]);
  return std::accumulate(lanes.begin(), lanes.end(), sum);
}

Match best_match(Plane patch, const std::vector<Plane>& training) {
  Match best{-2, 0, 0};
  for (int turn = 0; turn < 4; ++turn) {
    for (std::size_t t = 0; t < training.size(); ++t) {
      const double correlation = product(patch, training[t]);
      if (correlation > best.correlation) best = {correlation, t, turn};
    }
    patch = turned(patch);
  }
  return best;
}

}  // namespace

std::vector<Match> best_matches(Pictures patches, Pictures training) {
  check_internal(!training.empty(), "no training patch to compare with");
  std::vector<Plane> planes;
  for (const Picture& picture : training) planes.push_back(standardised(picture));
  for (const Pictures set : {patches, training})
    for (const Picture& picture : set)
      check_internal(picture.size == training[0].size && picture.size.width == picture.size.height,
                     "patches must be squares of one size");
  std::vector<Match> out(patches.size());
  tbb::parallel_for(std::size_t{0}, patches.size(),
                    [&](std::size_t i) { out[i] = best_match(standardised(patches[i]), planes); });
  return out;
}

MatchSummary summary_of(const std::vector<Match>& matches) {
  std::vector<double> values;
  for (const Match& match : matches) values.push_back(match.correlation);
  return {std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size()),
          quantile(values, 0.5), quantile(values, 0.05), quantile(values, 0.95),
          quantile(values, 1)};
}

}  // namespace histoloom::evaluate
