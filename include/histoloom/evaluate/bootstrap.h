// Intervals by the bootstrap: the patches of both sides are drawn again with replacement, and the
// measure is taken anew.
//
// Patches of one place resemble each other. So parts of images (patch_source.h) are drawn again as
// wholes where a side has several, one after the other until there are as many patches as before;
// of the last one no more than are wanted. Of one part only patches can be drawn. An interval knows
// nothing of images that differ from those at hand, one of a single image least of all.
//
// Distances between two samples grow when both are resampled (duplicates make each differ more from
// the other), so percentiles alone would lie above the value. What is given is their relative
// spread about it: value · 2.5th percentile / mean to value · 97.5th percentile / mean of the
// replicates. All measures here are positive.
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
  std::optional<Interval> interval;  // 95 %; none where too little is known
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

// What is drawn again on one side of a comparison.
struct Resampled {
  std::size_t count = 0;               // patches
  std::span<const std::size_t> parts;  // the part of each; empty: each is one of its own

  Resampled(std::size_t n, std::span<const std::size_t> of = {}) : count(n), parts(of) {}
};

// The weights of a replicate; either side draws its own numbers.
enum class Side { first, second };
Weights resampled_weights(const Resampled& drawn, Side side, int replicate, std::uint64_t seed);

// The interval about `value`, from the replicates' values; the value alone where they are all 0.
// None without replicates, or where any number is infinite.
Estimate estimate_of(double value, const std::vector<double>& replicates);

// Estimates measure(first weights, second weights) of two sides. \error Interrupted.
Estimate bootstrap(const Resampled& first, const Resampled& second, const BootstrapOptions& options,
                   const std::function<double(const Weights&, const Weights&)>& measure);

}  // namespace histoloom::evaluate
