#include "network_rows.h"

#include <tbb/parallel_for.h>

#include <algorithm>

#include "histoloom/core/error.h"
#include "histoloom/evaluate/feature_measures.h"
#include "histoloom/evaluate/radial_spectrum.h"
#include "histoloom/evaluate/reconstruction.h"
#include "histoloom/model/feature_network.h"
#include "histoloom/model/reconstruct.h"

namespace histoloom::evaluate {

namespace {

constexpr std::size_t kNeighbours = 3;            // of precision and recall
constexpr std::size_t kImagesACluster = 50;       // about so many, of C_T
constexpr std::size_t kBatch = 8;                 // images a call of the network
constexpr std::int64_t kSmallestSsimPatch = 256;  // the least power of two above MS-SSIM's 176 px

struct Described {
  Features features, logits;
};

Described describe(const FeatureNetwork& network, Pictures pictures) {
  const std::size_t batches = (pictures.size() + kBatch - 1) / kBatch;
  std::vector<FeatureNetwork::Output> outputs(batches);
  tbb::parallel_for(std::size_t{0}, batches, [&](std::size_t b) {
    std::vector<std::span<const std::uint8_t>> images;
    for (std::size_t i = b * kBatch; i < std::min((b + 1) * kBatch, pictures.size()); ++i)
      images.emplace_back(pictures[i].rgb);
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

// Copies are looked for among all training patches; held-out images stand beside.
void add_copies(EvaluationReport& report, const Features& synthetic, const Features& reference,
                const Features& searched, std::uint64_t seed) {
  report.rows.push_back({"authenticity",
                         "",
                         "",
                         Figure(authenticity(searched, synthetic)),
                         Figure(authenticity(searched, reference)),
                         {}});
  const std::size_t clusters = std::max<std::size_t>(1, searched.count() / kImagesACluster);
  // By definition held-out images against themselves are at 0.
  report.rows.push_back({"c_t",
                         "",
                         "deviations",
                         Figure(data_copying(searched, reference, synthetic, clusters, seed).c_t),
                         Figure(0.0),
                         {}});
}

}  // namespace

void add_reconstruction(EvaluationReport& report, const PatchSets& sets,
                        const EvaluateInputs& inputs, const EvaluateOptions& options) {
  if (!inputs.autoencoder) return;
  std::vector<Picture> again;
  for (const Picture& patch : sets.reference.patches)
    again.push_back({patch.size, reconstruct(*inputs.autoencoder, patch.rgb, patch.size)});
  const std::size_t n = again.size();
  const auto mean = [&](double (*measure)(const Picture&, const Picture&)) {
    std::vector<double> values(n);
    tbb::parallel_for(std::size_t{0}, n, [&](std::size_t i) {
      values[i] = measure(sets.reference.patches[i], again[i]);
    });
    return Figure(bootstrap(n, 0, {options.replicates, options.seed},
                            [&](const Weights& weights, const Weights&) {
                              double sum = 0;
                              for (std::size_t i = 0; i < n; ++i) sum += weights[i] * values[i];
                              return sum / static_cast<double>(n);
                            }));
  };
  if (options.patch >= kSmallestSsimPatch)
    report.rows.push_back({"autoencoder", "MS-SSIM", "", mean(ms_ssim), {}, {}});
  report.rows.push_back({"autoencoder", "PSNR", "dB", mean(psnr), {}, {}});
  const SpectrumDifference spectrum =
      spectrum_difference(sets.reference.patches, again, {options.replicates, options.seed});
  report.rows.push_back(
      {"autoencoder", "spectrum to Nyquist/2", "dB", Figure(spectrum.largest_to_half), {}, {}});
  // What the autoencoder alone costs of the likeness of what is decoded with it.
  add_level_distances(
      report,
      {"autoencoder", "sliced_wasserstein ", again, sets.reference.patches, sets.training()},
      options);
}

void add_features(EvaluationReport& report, const PatchSets& sets, const EvaluateInputs& inputs,
                  const EvaluateOptions& options, Progress& progress) {
  if (!inputs.network) return;
  const Described synthetic = describe(*inputs.network, sets.synthetic.patches);
  const Described reference = describe(*inputs.network, sets.reference.patches);
  const Described searched = describe(*inputs.network, sets.searched.patches);
  const Features training = first_rows(searched.features, sets.count());
  if (synthetic.features.count() <= kNeighbours)
    progress.warn("precision and recall need more than 3 patches a side and are left out");
  add_distance(report, "fid", frechet_distance, synthetic.features, reference.features, training);
  add_distance(report, "kid", kernel_distance, synthetic.features, reference.features, training);
  if (synthetic.logits.dimensions > 0)
    report.rows.push_back({"inception_score",
                           "",
                           "",
                           Figure(inception_score(synthetic.logits)),
                           Figure(inception_score(reference.logits)),
                           {}});
  add_precision_recall(report, synthetic.features, reference.features, training);
  add_copies(report, synthetic.features, reference.features, searched.features, options.seed);
}

}  // namespace histoloom::evaluate
