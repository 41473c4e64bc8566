// Intervals by the bootstrap: the patches of both sides are drawn again with replacement, and the
// measure is taken anew.
//
// Patches of one place resemble each other. So, if a side has several parts of images
// (patch_source.h), whole parts are drawn again. Parts are drawn until there are as many patches as
// before; the last one gives no more than are wanted. Of a single part only patches can be drawn.
// An interval knows nothing of images that differ from those at hand, one of a single image least
// of all.
//
// Distances between two samples grow when both are resampled, since duplicates make each differ
// more from the other. So percentiles alone would lie above the value. An interval is the
// replicates' relative spread about the value:
//     value · 2.5th percentile / mean  to  value · 97.5th percentile / mean
// All measures here are positive.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
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
  std::optional<Interval> interval;  // interval of 95 %; none if too little is known
};

struct BootstrapOptions {
  int replicates = 100;
  std::uint64_t seed = 0;
  const Progress* progress = nullptr;  // tells at every replicate whether to stop; null: never
};

// How often each patch counts in a replicate; the weights sum to the number of patches.
using Weights = std::vector<int>;

// The p-quantile (0 to 1) of one or more values, linear between neighbours as numpy.quantile.
double quantile(std::vector<double> values, double p);

// What is drawn again on one side of a comparison.
struct Resampled {
  std::size_t count = 0;               // number of patches
  std::span<const std::size_t> parts;  // part of each patch; empty: each is a part of its own

  Resampled(std::size_t n, std::span<const std::size_t> of = {}) : count(n), parts(of) {}
};

// The weights of a replicate; either side draws its own numbers.
enum class Side { first, second };
Weights resampled_weights(const Resampled& drawn, Side side, int replicate, std::uint64_t seed);

// The interval about `value`, from the replicates' values; the value alone if they are all 0. No
// interval without replicates, or if any number is infinite.
Estimate estimate_of(double value, const std::vector<double>& replicates);

// Estimates measure(first weights, second weights) of two sides. \error Interrupted.
Estimate bootstrap(const Resampled& first, const Resampled& second, const BootstrapOptions& options,
                   const std::function<double(const Weights&, const Weights&)>& measure);

}  // namespace histoloom::evaluate
