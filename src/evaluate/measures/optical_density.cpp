#include "histoloom/evaluate/optical_density.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace histoloom::evaluate {

namespace {

double total(const ValueCounts& counts, std::size_t channel) {
  return std::accumulate(counts[channel].begin(), counts[channel].end(), 0.0);
}

}  // namespace

double optical_density(std::uint8_t value) { return -std::log10((value + 1.0) / 256.0); }

std::vector<ValueCounts> value_counts(Pictures patches) {
  std::vector<ValueCounts> out(patches.size());
  for (std::size_t p = 0; p < patches.size(); ++p)
    for (std::size_t i = 0; i < patches[p].samples.size(); ++i)
      out[p][i % kChannels][patches[p].samples[i]] += 1;
  return out;
}

ValueCounts sum_of_counts(const std::vector<ValueCounts>& counts, const Weights& weights) {
  ValueCounts sum{};
  for (std::size_t p = 0; p < counts.size(); ++p)
    for (std::size_t c = 0; c < kChannels; ++c)
      for (std::size_t v = 0; v < sum[c].size(); ++v) sum[c][v] += weights[p] * counts[p][c][v];
  return sum;
}

double density_distance(const ValueCounts& a, const ValueCounts& b, std::size_t channel) {
  // In one dimension: the area between the cumulative distributions.
  const double total_a = total(a, channel), total_b = total(b, channel);
  double gap = 0, area = 0;
  for (std::size_t v = 0; v < 255; ++v) {
    gap += a[channel][v] / total_a - b[channel][v] / total_b;
    const auto value = static_cast<std::uint8_t>(v);
    area += std::abs(gap) *
            (optical_density(value) - optical_density(static_cast<std::uint8_t>(value + 1)));
  }
  return area;
}

std::array<double, kDensityBins> density_histogram(const ValueCounts& counts, std::size_t channel) {
  std::array<double, kDensityBins> out{};
  const double all = total(counts, channel);
  for (std::size_t v = 0; v < 256; ++v) {
    const double density = optical_density(static_cast<std::uint8_t>(v));
    out[std::min(kDensityBins - 1, static_cast<std::size_t>(density / kDensityBinWidth))] +=
        counts[channel][v] / all;
  }
  return out;
}

std::array<Estimate, kChannels> density_distances(const Sample& first, const Sample& second,
                                                  const BootstrapOptions& options) {
  const std::vector<ValueCounts> a = value_counts(first.patches), b = value_counts(second.patches);
  const Resampled drawn_a(a.size(), first.parts), drawn_b(b.size(), second.parts);
  std::array<Estimate, kChannels> out;
  for (std::size_t c = 0; c < kChannels; ++c)
    out[c] = bootstrap(drawn_a, drawn_b, options, [&](const Weights& wa, const Weights& wb) {
      return density_distance(sum_of_counts(a, wa), sum_of_counts(b, wb), c);
    });
  return out;
}

}  // namespace histoloom::evaluate
