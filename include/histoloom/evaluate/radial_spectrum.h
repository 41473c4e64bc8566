// Radial power spectra: how much texture there is at each spatial frequency. A decoder that blurs
// loses power at the upper end; one that prints a pattern has a peak.
#pragma once

#include <vector>

#include "histoloom/evaluate/bootstrap.h"
#include "histoloom/evaluate/picture_ops.h"

namespace histoloom::evaluate {

// The mean power of a patch's grey values in rings around frequency 0. Ring i holds the frequencies
// within half a cycle of i + 1 cycles a patch, from 1 to half the side (Nyquist). The patch is
// freed of its mean and faded to its edges by a Hann window first. Patches are squares, the side a
// power of two.
std::vector<double> radial_spectrum(const Picture& patch);

// The spectra of all patches.
std::vector<std::vector<double>> radial_spectra(Pictures patches);

// Decibels of the ratio of mean powers, second over first, ring by ring: 10 · log10.
std::vector<double> spectrum_difference_db(const std::vector<std::vector<double>>& first,
                                           const std::vector<std::vector<double>>& second,
                                           const Weights& weights_first,
                                           const Weights& weights_second);

struct SpectrumDifference {
  std::vector<double> decibels;  // ring by ring, second over first
  Estimate largest_to_half;      // largest magnitude up to half the Nyquist frequency, dB
  Estimate mean;                 // mean magnitude up to the Nyquist frequency, dB
};
SpectrumDifference spectrum_difference(const Sample& first, const Sample& second,
                                       const BootstrapOptions& options);

}  // namespace histoloom::evaluate
