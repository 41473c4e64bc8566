#include "histoloom/evaluate/evaluate.h"

#include <fmt/format.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "class_rows.h"
#include "histoloom/core/error.h"
#include "histoloom/model/bundle.h"
#include "likeness_rows.h"
#include "network_rows.h"
#include "seam_rows.h"

namespace histoloom::evaluate {

namespace {

constexpr std::size_t kMinPatches = 2;

PatchSet drawn(const PatchSources& sources, std::int64_t count, const EvaluateOptions& options,
               const char* option) {
  PatchSet set = with_context(option, [&] {
    return sample_patches(sources, {.side = options.patch, .count = count, .seed = options.seed});
  });
  if (set.patches.size() < kMinPatches)
    throw UserError(
        fmt::format("{}: {} squares of {} px show tissue, at least {} are needed; give more images "
                    "or a smaller --patch",
                    option, set.patches.size(), options.patch, kMinPatches));
  return set;
}

// Reads all patches; the sets that are compared are cut to the size of the smallest.
PatchSets read_sets(const EvaluateInputs& inputs, const EvaluateOptions& o) {
  PatchSet synthetic = drawn(inputs.synthetic, o.patches, o, "--synthetic");
  PatchSet searched, reference;
  if (inputs.held_out.empty()) {
    const PatchSet real =
        drawn(inputs.real, 2 * std::max(o.patches, o.training_patches), o, "--real");
    std::tie(reference, searched) = split_by_source(real);
  } else {
    searched = drawn(inputs.real, std::max(o.patches, o.training_patches), o, "--real");
    reference = drawn(inputs.held_out, o.patches, o, "--held-out");
  }
  const std::size_t count = std::min({static_cast<std::size_t>(o.patches), synthetic.patches.size(),
                                      searched.patches.size(), reference.patches.size()});
  truncate(synthetic, count);
  truncate(reference, count);
  PatchSet training = searched;
  truncate(training, count);
  truncate(searched, static_cast<std::size_t>(o.training_patches));
  return {std::move(synthetic.patches), std::move(reference.patches), std::move(training.patches),
          std::move(searched.patches)};
}

std::string facts_json(const EvaluateOptions& options, const EvaluateInputs& inputs,
                       const PatchSets& sets) {
  using Json = nlohmann::ordered_json;
  const auto named = [](const std::vector<std::filesystem::path>& paths,
                        const PatchSources& sources) {
    Json out{{"paths", Json::array()}, {"images", sources.size()}};
    for (const auto& path : paths) out["paths"].push_back(path.string());
    return out;
  };
  const Json json{{"real", named(options.real, inputs.real)},
                  {"synthetic", named(options.synthetic, inputs.synthetic)},
                  {"held_out", named(options.held_out, inputs.held_out)},
                  {"patch", options.patch},
                  {"patches", sets.synthetic.size()},
                  {"training_patches", sets.searched.size()},
                  {"seed", options.seed}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void open_bundle(EvaluateInputs& inputs, const EvaluateOptions& options) {
  const ModelBundle bundle = ModelBundle::read(options.model);
  if (options.patch % bundle.downsampling != 0)
    throw UserError(
        fmt::format("--patch must be a multiple of the model's {} px a latent cell, got {}",
                    bundle.downsampling, options.patch));
  inputs.labels = LabelSet::parse(bundle.labels_json, (options.model / "model.json").string());
  for (const std::string& name : options.classes)
    if (inputs.labels->find(std::string_view(name)) == nullptr)
      throw UserError(fmt::format("--classes: '{}' is no label of the model, which has {}", name,
                                  inputs.labels->describe()));
  inputs.autoencoder = load_autoencoder(bundle, DType::float32);
}

}  // namespace

EvaluateInputs open_inputs(const EvaluateOptions& options) {
  EvaluateInputs inputs;
  inputs.real = open_patch_sources(options.real);
  inputs.synthetic = open_patch_sources(options.synthetic);
  inputs.held_out = open_patch_sources(options.held_out);
  if (!options.features.empty())
    inputs.network =
        std::make_unique<FeatureNetwork>(options.features, static_cast<int>(options.patch));
  if (!options.model.empty()) open_bundle(inputs, options);
  return inputs;
}

EvaluationReport evaluate(const EvaluateOptions& options, const EvaluateInputs& inputs,
                          Progress& progress) {
  progress.start_stage("reading patches", 1, "set");
  const PatchSets sets = read_sets(inputs, options);
  EvaluationReport report;
  report.facts_json = facts_json(options, inputs, sets);
  const std::vector<std::function<void()>> measures{
      [&] { add_sliced_wasserstein(report, sets, options); },
      [&] { add_optical_density(report, sets, options); },
      [&] { add_radial_spectrum(report, sets, options); },
      [&] { add_copying(report, sets, progress); },
      [&] { add_seams(report, inputs, options); },
      [&] { add_classes(report, inputs, options); },
      [&] { add_reconstruction(report, sets, inputs, options); },
      [&] { add_features(report, sets, inputs, options, progress); }};
  progress.start_stage("measuring", static_cast<std::int64_t>(measures.size()), "measures");
  for (std::size_t i = 0; i < measures.size(); ++i) {
    if (progress.stop_requested()) throw Interrupted("interrupted; nothing has been written");
    measures[i]();
    progress.update(static_cast<std::int64_t>(i + 1));
  }
  progress.finish();
  return report;
}

}  // namespace histoloom::evaluate
