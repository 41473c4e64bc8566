#include "network_rows.h"

#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <map>

#include "histoloom/core/error.h"
#include "histoloom/evaluate/feature_measures.h"
#include "histoloom/evaluate/reconstruction.h"
#include "histoloom/networks/feature_network.h"
#include "histoloom/networks/reconstruct.h"
#include "stop.h"

namespace histoloom::evaluate {

namespace {

constexpr std::size_t kNeighbours = 3;            // of precision and recall
constexpr std::size_t kImagesACluster = 80;       // of C_T: half of them are above its threshold
constexpr std::size_t kLeastOfScore = 100;        // images: 10 in each part of an inception score
constexpr std::size_t kBatch = 8;                 // images a call of the network
constexpr std::int64_t kSmallestSsimPatch = 256;  // the least power of two above MS-SSIM's 176 px

struct Described {
  Features features, logits;
};

Described describe(const FeatureNetwork& network, Pictures pictures, const Progress& progress) {
  const std::size_t batches = (pictures.size() + kBatch - 1) / kBatch;
  std::vector<FeatureNetwork::Output> outputs(batches);
  tbb::parallel_for(std::size_t{0}, batches, [&](std::size_t b) {
    stop_if_asked(&progress);
    std::vector<std::span<const std::uint8_t>> images;
    for (std::size_t i = b * kBatch; i < std::min((b + 1) * kBatch, pictures.size()); ++i)
      images.emplace_back(pictures[i].samples);
    outputs[b] = network.describe(images);
  });
  Described out{{outputs[0].dimensions, {}}, {outputs[0].classes, {}}};
  for (const FeatureNetwork::Output& output : outputs) {
    auto& f = out.features.values;
    auto& l = out.logits.values;
    f.insert(f.end(), output.features.begin(), output.features.end());
    l.insert(l.end(), output.logits.begin(), output.logits.end());
  }
  return out;
}

Features first_rows(const Features& features, std::size_t count) {
  check_internal(count <= features.count(), "fewer rows of features than are asked for");
  const auto end =
      features.values.begin() + static_cast<std::ptrdiff_t>(count * features.dimensions);
  return {features.dimensions, {features.values.begin(), end}};
}

using Measure = double (*)(const Features&, const Features&);

// One measure of synthetic and of training images against the reference.
void add_distance(EvaluationReport& report, const char* name, Measure measure,
                  const Features& synthetic, const Features& reference, const Features& training) {
  report.rows.push_back({name,
                         "",
                         "",
                         Figure(measure(synthetic, reference)),
                         Figure(measure(training, reference)),
                         {}});
}

void add_precision_recall(EvaluationReport& report, const Features& synthetic,
                          const Features& reference, const Features& training) {
  if (reference.count() <= kNeighbours) return;
  const PrecisionRecall made = precision_recall(reference, synthetic, kNeighbours);
  const PrecisionRecall real = precision_recall(reference, training, kNeighbours);
  report.rows.push_back(
      {"precision", "k = 3", "", Figure(made.precision), Figure(real.precision), {}});
  report.rows.push_back({"recall", "k = 3", "", Figure(made.recall), Figure(real.recall), {}});
}

void add_inception_score(EvaluationReport& report, const Features& synthetic,
                         const Features& reference, Progress& progress) {
  if (synthetic.dimensions == 0) return;
  if (synthetic.count() < kLeastOfScore) {
    progress.warn(
        fmt::format("inception_score is left out: it needs {} patches a side, of which there are "
                    "{}; give more images or a smaller --patch",
                    kLeastOfScore, synthetic.count()));
    return;
  }
  report.rows.push_back({"inception_score",
                         "",
                         "",
                         Figure(inception_score(synthetic)),
                         Figure(inception_score(reference)),
                         {}});
}

// The features of the patches of two groups of sources, about equally many in each; every other
// patch where all are of one source.
std::array<Features, 2> halves(const Features& features, const std::vector<PartId>& parts) {
  std::map<std::size_t, std::vector<std::size_t>> by_source;
  for (std::size_t i = 0; i < parts.size(); ++i) by_source[source_of(parts[i])].push_back(i);
  std::array<Features, 2> out{Features{features.dimensions, {}}, Features{features.dimensions, {}}};
  const auto add = [&](std::size_t half, std::size_t i) {
    auto& values = out[half].values;
    values.insert(values.end(), features.row(i).begin(), features.row(i).end());
  };
  if (by_source.size() == 1) {
    for (std::size_t i = 0; i < parts.size(); ++i) add(i % 2, i);
    return out;
  }
  for (const auto& [source, patches] : by_source) {
    const std::size_t half = out[1].count() < out[0].count();
    for (const std::size_t i : patches) add(half, i);
  }
  return out;
}

void add_data_copying(EvaluationReport& report, const Features& synthetic,
                      const PatchSet& reference_set, const Features& reference,
                      const Features& searched, std::uint64_t seed, Progress& progress) {
  const DataCopyingOptions options{
      .clusters = std::max<std::size_t>(1, synthetic.count() / kImagesACluster), .seed = seed};
  const std::array<Features, 2> real = halves(reference, reference_set.parts);
  const auto figure = [](const std::optional<double>& c_t) {
    return c_t ? std::optional(Figure(*c_t)) : std::nullopt;
  };
  const ReportRow row{"c_t",
                      "",
                      "deviations",
                      figure(data_copying(searched, reference, synthetic, options)),
                      figure(data_copying(searched, real[0], real[1], options)),
                      {}};
  for (const auto& [name, found] :
       {std::pair("synthetic", row.synthetic.has_value()), std::pair("real", row.real.has_value())})
    if (!found)
      progress.warn(
          fmt::format("c_t of {} patches is left out: no cluster of training patches holds {} of "
                      "them, and held-out ones; give more images",
                      name, options.least_generated));
  report.rows.push_back(row);
}

// The mean of a measure of each patch beside what became of it.
Estimate mean_of_pairs(double (*measure)(const Picture&, const Picture&), const Sample& before,
                       const std::vector<Picture>& after, const BootstrapOptions& options) {
  const std::size_t n = after.size();
  std::vector<double> values(n);
  tbb::parallel_for(std::size_t{0}, n,
                    [&](std::size_t i) { values[i] = measure(before.patches[i], after[i]); });
  return bootstrap({n, before.parts}, 0, options, [&](const Weights& weights, const Weights&) {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i)
      if (weights[i] > 0) sum += weights[i] * values[i];  // a value may be infinite
    return sum / static_cast<double>(n);
  });
}

// Copies are looked for among all training patches; held-out images stand beside.
void add_authenticity(EvaluationReport& report, const Features& synthetic,
                      const Features& reference, const Features& searched) {
  report.rows.push_back({"authenticity",
                         "",
                         "",
                         Figure(authenticity(searched, synthetic)),
                         Figure(authenticity(searched, reference)),
                         {}});
}

}  // namespace

std::vector<Picture> reconstructions_of(Pictures patches, const EvaluateInputs& inputs,
                                        const Progress& progress) {
  if (!inputs.autoencoder) return {};
  std::vector<Picture> out(patches.size());
  tbb::parallel_for(std::size_t{0}, patches.size(), [&](std::size_t i) {
    stop_if_asked(&progress);
    out[i] = {patches[i].size,
              reconstruct(*inputs.autoencoder, patches[i].samples, patches[i].size)};
  });
  return out;
}

void add_reconstruction(EvaluationReport& report, const PatchSets& sets,
                        const std::vector<Picture>& reconstructions, const Likeness& likeness,
                        const EvaluateOptions& options, const Progress& progress) {
  if (reconstructions.empty()) return;
  const BootstrapOptions bootstrap = bootstrap_of(options, progress);
  const auto add = [&](const std::string& of, const char* unit, const Estimate& estimate,
                       std::optional<Figure> real = {}) {
    report.rows.push_back({"autoencoder", of, unit, {}, real, {}, Figure(estimate)});
  };
  if (options.patch >= kSmallestSsimPatch)
    add("MS-SSIM", "", mean_of_pairs(ms_ssim, sets.reference_sample(), reconstructions, bootstrap));
  add("PSNR", "dB", mean_of_pairs(psnr, sets.reference_sample(), reconstructions, bootstrap));
  add("spectrum to Nyquist/2", "dB", likeness.reconstructed_spectrum.largest_to_half,
      Figure(likeness.real_spectrum.largest_to_half));
  // What the autoencoder alone costs of the likeness of what is decoded with it.
  for (std::size_t i = 0; i < likeness.reconstructed_levels.size(); ++i)
    add(fmt::format("sliced_wasserstein {} px", likeness.reconstructed_levels[i].side),
        "deviations", likeness.reconstructed_levels[i].distance,
        Figure(likeness.real_levels[i].distance));
}

void add_features(EvaluationReport& report, const PatchSets& sets, const EvaluateInputs& inputs,
                  const EvaluateOptions& options, Progress& progress) {
  if (!inputs.network) return;
  const Described synthetic = describe(*inputs.network, sets.synthetic.patches, progress);
  const Described reference = describe(*inputs.network, sets.reference.patches, progress);
  const Described searched = describe(*inputs.network, sets.training.patches, progress);
  const Features training = first_rows(searched.features, sets.count());
  if (synthetic.features.count() <= kNeighbours)
    progress.warn("precision and recall need more than 3 patches a side and are left out");
  add_distance(report, "fid", frechet_distance, synthetic.features, reference.features, training);
  add_distance(report, "kid", kernel_distance, synthetic.features, reference.features, training);
  add_inception_score(report, synthetic.logits, reference.logits, progress);
  add_precision_recall(report, synthetic.features, reference.features, training);
  add_authenticity(report, synthetic.features, reference.features, searched.features);
  add_data_copying(report, synthetic.features, sets.reference, reference.features,
                   searched.features, options.seed, progress);
}

}  // namespace histoloom::evaluate
