#include "likeness_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "histoloom/evaluate/copying.h"
#include "histoloom/evaluate/optical_density.h"
#include "histoloom/evaluate/radial_spectrum.h"
#include "histoloom/evaluate/sliced_wasserstein.h"

namespace histoloom::evaluate {

namespace {

constexpr std::array kChannelNames{"red", "green", "blue"};

// Patches with glass on the same side correlate, whatever tissue they show beside it.
constexpr double kMaxGlassOfCopies = 0.1;

std::vector<Picture> nearly_without_glass(Pictures patches) {
  std::vector<Picture> out;
  std::copy_if(patches.begin(), patches.end(), std::back_inserter(out),
               [](const Picture& patch) { return glass_share(patch) <= kMaxGlassOfCopies; });
  return out;
}

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

void add_level_distances(EvaluationReport& report, const LevelRows& rows,
                         const EvaluateOptions& options, const Progress& progress) {
  SlicedWassersteinOptions o;
  o.directions = options.directions;
  o.bootstrap = bootstrap_of(options, progress);
  const auto judged = sliced_wasserstein(rows.judged, rows.from, o);
  const auto real = sliced_wasserstein(rows.real, rows.from, o);
  for (std::size_t i = 0; i < judged.size(); ++i)
    report.rows.push_back({rows.measure,
                           fmt::format("{}{} px", rows.prefix, judged[i].side),
                           "deviations",
                           Figure(judged[i].distance),
                           Figure(real[i].distance),
                           {}});
}

void add_sliced_wasserstein(EvaluationReport& report, const PatchSets& sets,
                            const EvaluateOptions& options, const Progress& progress) {
  add_level_distances(
      report,
      {"sliced_wasserstein", "", sets.synthetic.patches, sets.training(), sets.reference.patches},
      options, progress);
}

void add_optical_density(EvaluationReport& report, const PatchSets& sets,
                         const EvaluateOptions& options, const Progress& progress) {
  const auto synthetic = density_distances(sets.synthetic.patches, sets.reference.patches,
                                           bootstrap_of(options, progress));
  const auto real =
      density_distances(sets.training(), sets.reference.patches, bootstrap_of(options, progress));
  for (std::size_t c = 0; c < kChannels; ++c)
    report.rows.push_back({"optical_density",
                           kChannelNames[c],
                           "optical density",
                           Figure(synthetic[c]),
                           Figure(real[c]),
                           {}});
  add_histograms(report, "synthetic", sets.synthetic.patches);
  add_histograms(report, "reference", sets.reference.patches);
  add_histograms(report, "training", sets.training());
}

void add_radial_spectrum(EvaluationReport& report, const PatchSets& sets,
                         const EvaluateOptions& options, const Progress& progress) {
  const auto synthetic = spectrum_difference(sets.reference.patches, sets.synthetic.patches,
                                             bootstrap_of(options, progress));
  const auto real =
      spectrum_difference(sets.reference.patches, sets.training(), bootstrap_of(options, progress));
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

void add_copying(EvaluationReport& report, const PatchSets& sets, Progress& progress) {
  std::vector<Picture> made = nearly_without_glass(sets.synthetic.patches),
                       held_out = nearly_without_glass(sets.reference.patches);
  // The highest of more patches is higher.
  const std::size_t count = std::min(made.size(), held_out.size());
  if (count < 2) {
    progress.warn(
        fmt::format("copies are not searched for: {} synthetic and {} real patches have at most "
                    "{:.0f} % glass, "
                    "2 of each are needed; give more images",
                    made.size(), held_out.size(), 100 * kMaxGlassOfCopies));
    return;
  }
  made.resize(count);
  held_out.resize(count);
  const MatchSummary synthetic = summary_of(best_matches(made, sets.searched.patches, &progress));
  const MatchSummary real = summary_of(best_matches(held_out, sets.searched.patches, &progress));
  const auto add = [&](const char* of, double MatchSummary::*part) {
    report.rows.push_back(
        {"pixel_correlation", of, "", Figure(synthetic.*part), Figure(real.*part), {}});
  };
  add("highest", &MatchSummary::maximum);
  add("95th percentile", &MatchSummary::p95);
  add("median", &MatchSummary::median);
}

}  // namespace histoloom::evaluate
