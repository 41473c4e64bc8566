#include "histoloom/evaluate/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "draw.h"
#include "histoloom/core/error.h"
#include "stop.h"

namespace histoloom::evaluate {

namespace {

// The patches of each part that is drawn as one, or single patches.
std::vector<std::vector<std::size_t>> clusters_of(const Resampled& drawn) {
  check_internal(drawn.parts.empty() || drawn.parts.size() == drawn.count,
                 "every patch must be of a part");
  std::map<std::size_t, std::vector<std::size_t>> by_part;
  for (std::size_t i = 0; i < drawn.parts.size(); ++i) by_part[drawn.parts[i]].push_back(i);
  std::vector<std::vector<std::size_t>> out;
  if (by_part.size() > 1) {
    for (auto& [part, patches] : by_part) out.push_back(std::move(patches));
  } else {
    for (std::size_t i = 0; i < drawn.count; ++i) out.push_back({i});
  }
  return out;
}

}  // namespace

double quantile(std::vector<double> values, double p) {
  check_internal(!values.empty(), "a quantile of nothing");
  std::sort(values.begin(), values.end());
  const double place = p * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return std::lerp(values[below], values[above], place - static_cast<double>(below));
}

Weights resampled_weights(const Resampled& drawn, Side side, int replicate, std::uint64_t seed) {
  const Draw draw(seed, side == Side::first ? Purpose::resample_first : Purpose::resample_second);
  const auto clusters = clusters_of(drawn);
  Weights weights(drawn.count);
  std::size_t left = drawn.count;
  for (std::int64_t i = 0; left > 0; ++i) {
    const auto& cluster = clusters[draw.below(clusters.size(), i, replicate)];
    for (std::size_t k = 0; k < cluster.size() && left > 0; ++k, --left) ++weights[cluster[k]];
  }
  return weights;
}

Estimate estimate_of(double value, const std::vector<double>& replicates) {
  const auto finite = [](double v) { return std::isfinite(v); };
  if (replicates.empty() || !finite(value) ||
      !std::all_of(replicates.begin(), replicates.end(), finite))
    return {value, std::nullopt};
  const double mean = std::accumulate(replicates.begin(), replicates.end(), 0.0) /
                      static_cast<double>(replicates.size());
  if (mean <= 0) return {value, Interval{value, value}};
  const double scale = value / mean;
  return {value,
          Interval{scale * quantile(replicates, 0.025), scale * quantile(replicates, 0.975)}};
}

Estimate bootstrap(const Resampled& first, const Resampled& second, const BootstrapOptions& options,
                   const std::function<double(const Weights&, const Weights&)>& measure) {
  std::vector<double> replicates;
  for (int r = 0; r < options.replicates; ++r) {
    stop_if_asked(options.progress);
    replicates.push_back(measure(resampled_weights(first, Side::first, r, options.seed),
                                 resampled_weights(second, Side::second, r, options.seed)));
  }
  return estimate_of(measure(Weights(first.count, 1), Weights(second.count, 1)), replicates);
}

}  // namespace histoloom::evaluate
