// Intervals by the bootstrap: the patches of both sides are drawn again with replacement, and the
// measure is taken anew.
//
// Distances between two samples grow when both are resampled (duplicates make each differ more from
// the other), so percentiles alone would lie above the value. What is given is their relative
// spread about it: value · 2.5th percentile / mean to value · 97.5th percentile / mean of the
// replicates. All measures here are positive.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace histoloom {
class Progress;
}

namespace histoloom::evaluate {

struct Interval {
  double low = 0;
  double high = 0;
};

struct Estimate {
  double value = 0;
  Interval interval;  // 95 %
};

struct BootstrapOptions {
  int replicates = 100;
  std::uint64_t seed = 0;
  const Progress* progress = nullptr;  // asked at every replicate whether to stop
};

// How often each patch counts in a replicate; they sum to the number of patches.
using Weights = std::vector<int>;

// The p-quantile (0 to 1) of values, linear between neighbours as numpy.quantile. Not of none.
double quantile(std::vector<double> values, double p);

// The weights of a replicate on either side of a comparison.
std::pair<Weights, Weights> resampled_weights(std::size_t first, std::size_t second, int replicate,
                                              std::uint64_t seed);

// The interval about `value`, from the replicates' values; the value alone where they are all 0.
Estimate estimate_of(double value, const std::vector<double>& replicates);

// Estimates measure(first weights, second weights) for sides of so many patches. \error
// Interrupted.
Estimate bootstrap(std::size_t first, std::size_t second, const BootstrapOptions& options,
                   const std::function<double(const Weights&, const Weights&)>& measure);

}  // namespace histoloom::evaluate
