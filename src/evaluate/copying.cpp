#include "histoloom/evaluate/copying.h"

#include <tbb/parallel_for.h>

#include <array>
#include <cmath>

#include "histoloom/core/error.h"
#include "histoloom/evaluate/bootstrap.h"
#include "laned_product.h"
#include "moments.h"
#include "stop.h"

namespace histoloom::evaluate {

namespace {

// Grey values with mean 0 and length 1: a product of two is their correlation.
Plane standardised(const Picture& picture) {
  Plane plane = grey_plane(picture);
  const Moments moments = moments_of(plane.values);
  constexpr double kFlat = 1e-3;  // a variance below the rounding of grey values
  const double pixels = static_cast<double>(plane.values.size());
  shift_and_scale(plane.values, moments.mean,
                  inverse_deviation(moments, kFlat) / std::sqrt(pixels));
  return plane;
}

Plane turned(const Plane& plane) {
  Plane out{plane.size, std::vector<float>(plane.values.size())};
  for (std::int64_t y = 0; y < plane.size.height; ++y)
    for (std::int64_t x = 0; x < plane.size.width; ++x)
      out.at(y, plane.size.width - 1 - x) = plane.at(x, y);
  return out;
}

// Left and right change places.
Plane mirrored(const Plane& plane) {
  Plane out = plane;
  for (std::int64_t y = 0; y < plane.size.height; ++y)
    for (std::int64_t x = 0; x < plane.size.width; ++x)
      out.at(plane.size.width - 1 - x, y) = plane.at(x, y);
  return out;
}

// Four quarter turns, and those of the mirror image.
std::array<Plane, 8> orientations(Plane plane) {
  std::array<Plane, 8> out;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (i == 4) plane = mirrored(plane);  // after four turns it lies as it lay
    out[i] = plane;
    plane = turned(plane);
  }
  return out;
}

// Each training plane is read once for all orientations.
Match best_match(Plane patch, const std::vector<Plane>& training) {
  const std::array<Plane, 8> ways = orientations(std::move(patch));
  Match best{-2, 0, 0, false};
  for (std::size_t t = 0; t < training.size(); ++t) {
    for (std::size_t i = 0; i < ways.size(); ++i) {
      const double correlation = laned_product<16>(ways[i].values.data(), training[t].values.data(),
                                                   training[t].values.size());
      if (correlation > best.correlation) best = {correlation, t, static_cast<int>(i % 4), i >= 4};
    }
  }
  return best;
}

}  // namespace

std::vector<Match> best_matches(Pictures patches, Pictures training, const Progress* progress) {
  check_internal(!training.empty(), "no training patch to compare with");
  std::vector<Plane> planes;
  for (const Picture& picture : training) planes.push_back(standardised(picture));
  for (const Pictures set : {patches, training})
    for (const Picture& picture : set)
      check_internal(picture.size == training[0].size && picture.size.width == picture.size.height,
                     "patches must be squares of one size");
  std::vector<Match> out(patches.size());
  tbb::parallel_for(std::size_t{0}, patches.size(), [&](std::size_t i) {
    stop_if_asked(progress);
    out[i] = best_match(standardised(patches[i]), planes);
  });
  return out;
}

MatchSummary summary_of(const std::vector<Match>& matches) {
  std::vector<double> values;
  for (const Match& match : matches) values.push_back(match.correlation);
  return {quantile(values, 0.5), quantile(values, 0.95), quantile(values, 1)};
}

}  // namespace histoloom::evaluate
