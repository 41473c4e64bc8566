#include "histoloom/evaluate/copying.h"

#include <tbb/parallel_for.h>

#include <array>

#include "histoloom/core/error.h"
#include "histoloom/evaluate/bootstrap.h"
#include "laned_product.h"
#include "orientations.h"
#include "standardised.h"
#include "stop.h"

namespace histoloom::evaluate {

namespace {

// Each training plane is read once for all orientations.
Match best_match(Plane patch, const std::vector<Plane>& training) {
  const std::array<Plane, kOrientations> ways = orientations(std::move(patch));
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
  for (const Picture& picture : training) planes.push_back(standardised(grey_plane(picture)));
  for (const Pictures set : {patches, training})
    for (const Picture& picture : set)
      check_internal(picture.size == training[0].size && picture.size.width == picture.size.height,
                     "patches must be squares of one size");
  std::vector<Match> out(patches.size());
  tbb::parallel_for(std::size_t{0}, patches.size(), [&](std::size_t i) {
    stop_if_asked(progress);
    out[i] = best_match(standardised(grey_plane(patches[i])), planes);
  });
  return out;
}

MatchSummary summary_of(const std::vector<Match>& matches) {
  std::vector<double> values;
  for (const Match& match : matches) values.push_back(match.correlation);
  return {quantile(values, 0.5), quantile(values, 0.95), quantile(values, 1)};
}

}  // namespace histoloom::evaluate
