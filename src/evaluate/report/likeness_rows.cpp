#include "likeness_rows.h"

#include <fmt/format.h>

#include <array>

#include "histoloom/evaluate/optical_density.h"
#include "histoloom/evaluate/radial_spectrum.h"

namespace histoloom::evaluate {

namespace {

constexpr std::array kChannelNames{"red", "green", "blue"};

void add_histograms(EvaluationReport& report, const char* set, Pictures patches) {
  const ValueCounts counts = sum_of_counts(value_counts(patches), Weights(patches.size(), 1));
  for (std::size_t c = 0; c < kChannels; ++c) {
    const auto histogram = density_histogram(counts, c);
    report.curves.push_back({fmt::format("optical_density {} {}", kChannelNames[c], set),
                             {histogram.begin(), histogram.end()}});
  }
}

}  // namespace

BootstrapOptions bootstrap_of(const EvaluateOptions& options, const Progress& progress) {
  return {options.replicates, options.seed, &progress};
}

Likeness measure_likeness(const PatchSets& sets, const std::vector<Picture>& reconstructions,
                          const EvaluateOptions& options, const Progress& progress) {
  const BootstrapOptions bootstrap = bootstrap_of(options, progress);
  Likeness out;
  SlicedWassersteinOptions o;
  o.directions = options.directions;
  o.bootstrap = bootstrap;
  const std::array firsts{sets.synthetic_sample(), sets.training_sample()};
  std::vector<Sample> seconds{sets.reference_sample()};
  std::vector<SetPair> pairs{{0, 0}, {1, 0}};
  if (!reconstructions.empty()) {
    // In the place of what they are made of, so that nothing else differs.
    seconds.push_back({reconstructions, sets.reference.parts});
    pairs.push_back({1, 1});
  }
  auto found = sliced_wasserstein_of_pairs(firsts, seconds, pairs, o);
  found.resize(3);
  out.synthetic_levels = std::move(found[0]);
  out.real_levels = std::move(found[1]);
  out.reconstructed_levels = std::move(found[2]);
  out.synthetic_spectrum =
      spectrum_difference(sets.reference_sample(), sets.synthetic_sample(), bootstrap);
  out.real_spectrum =
      spectrum_difference(sets.reference_sample(), sets.training_sample(), bootstrap);
  if (!reconstructions.empty())
    out.reconstructed_spectrum = spectrum_difference(
        sets.reference_sample(), {reconstructions, sets.reference.parts}, bootstrap);
  return out;
}

void add_sliced_wasserstein(EvaluationReport& report, const Likeness& likeness) {
  for (std::size_t i = 0; i < likeness.synthetic_levels.size(); ++i) {
    const LevelDistance &synthetic = likeness.synthetic_levels[i], &real = likeness.real_levels[i];
    report.rows.push_back({"sliced_wasserstein",
                           fmt::format("{} px", synthetic.side),
                           "deviations",
                           Figure(synthetic.distance),
                           Figure(real.distance),
                           {}});
  }
}

void add_optical_density(EvaluationReport& report, const PatchSets& sets,
                         const EvaluateOptions& options, const Progress& progress) {
  const auto synthetic = density_distances(sets.synthetic_sample(), sets.reference_sample(),
                                           bootstrap_of(options, progress));
  const auto real = density_distances(sets.training_sample(), sets.reference_sample(),
                                      bootstrap_of(options, progress));
  for (std::size_t c = 0; c < kChannels; ++c)
    report.rows.push_back({"optical_density",
                           kChannelNames[c],
                           "optical density",
                           Figure(synthetic[c]),
                           Figure(real[c]),
                           {}});
  add_histograms(report, "synthetic", sets.synthetic.patches);
  add_histograms(report, "reference", sets.reference.patches);
  add_histograms(report, "training", sets.training_sample().patches);
}

void add_radial_spectrum(EvaluationReport& report, const Likeness& likeness) {
  const SpectrumDifference &synthetic = likeness.synthetic_spectrum, &real = likeness.real_spectrum;
  report.rows.push_back({"radial_spectrum",
                         "largest to Nyquist/2",
                         "dB",
                         Figure(synthetic.largest_to_half),
                         Figure(real.largest_to_half),
                         {}});
  report.rows.push_back(
      {"radial_spectrum", "mean", "dB", Figure(synthetic.mean), Figure(real.mean), {}});
  report.curves.push_back({"radial_spectrum synthetic over reference, dB", synthetic.decibels});
  report.curves.push_back({"radial_spectrum training over reference, dB", real.decibels});
}

}  // namespace histoloom::evaluate
