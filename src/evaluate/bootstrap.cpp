#include "histoloom/evaluate/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "draw.h"
#include "histoloom/core/error.h"
#include "stop.h"

namespace histoloom::evaluate {

namespace {

Weights drawn_again(std::size_t count, int replicate, std::uint64_t seed, Purpose purpose) {
  const Draw draw(seed, purpose);
  Weights weights(count);
  for (std::size_t i = 0; i < count; ++i)
    ++weights[draw.below(count, static_cast<std::int64_t>(i), replicate)];
  return weights;
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

std::pair<Weights, Weights> resampled_weights(std::size_t first, std::size_t second, int replicate,
                                              std::uint64_t seed) {
  return {drawn_again(first, replicate, seed, Purpose::resample_first),
          drawn_again(second, replicate, seed, Purpose::resample_second)};
}

Estimate estimate_of(double value, const std::vector<double>& replicates) {
  const double mean = std::accumulate(replicates.begin(), replicates.end(), 0.0) /
                      static_cast<double>(replicates.size());
  if (mean <= 0) return {value, {value, value}};
  const double scale = value / mean;
  return {value, {scale * quantile(replicates, 0.025), scale * quantile(replicates, 0.975)}};
}

Estimate bootstrap(std::size_t first, std::size_t second, const BootstrapOptions& options,
                   const std::function<double(const Weights&, const Weights&)>& measure) {
  std::vector<double> replicates;
  for (int r = 0; r < options.replicates; ++r) {
    stop_if_asked(options.progress);
    const auto [a, b] = resampled_weights(first, second, r, options.seed);
    replicates.push_back(measure(a, b));
  }
  return estimate_of(measure(Weights(first, 1), Weights(second, 1)), replicates);
}

}  // namespace histoloom::evaluate
