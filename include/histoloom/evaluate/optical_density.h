// Optical densities: how much stain there is, channel by channel.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "histoloom/evaluate/bootstrap.h"
#include "histoloom/evaluate/picture_ops.h"

namespace histoloom::evaluate {

// The optical density of a value, −log10((value + 1) / 256): 0 for white, 2.41 for black.
double optical_density(std::uint8_t value);

// Counts of the 256 values in each channel; densities fall with the value.
using ValueCounts = std::array<std::array<double, 256>, kChannels>;

// The counts of each patch.
std::vector<ValueCounts> value_counts(Pictures patches);
// The sum of counts, each as often as its weight says.
ValueCounts sum_of_counts(const std::vector<ValueCounts>& counts, const Weights& weights);
// The first Wasserstein (earth mover's) distance between the densities of a channel, in units of
// optical density.
double density_distance(const ValueCounts& a, const ValueCounts& b, std::size_t channel);

// A histogram for readers: shares of pixels with a density in [i · width, (i + 1) · width).
inline constexpr std::size_t kDensityBins = 25;
inline constexpr double kDensityBinWidth = 0.1;
std::array<double, kDensityBins> density_histogram(const ValueCounts& counts, std::size_t channel);

// The distance in red, green and blue.
std::array<Estimate, kChannels> density_distances(const Sample& first, const Sample& second,
                                                  const BootstrapOptions& options);

}  // namespace histoloom::evaluate
