#include "histoloom/evaluate/evaluate.h"

#include <fmt/format.h>

#include <array>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>

#include "class_rows.h"
#include "histoloom/core/error.h"
#include "histoloom/model/bundle.h"
#include "likeness_rows.h"
#include "network_rows.h"
#include "patch_sets.h"
#include "seam_rows.h"
#include "stop.h"

namespace histoloom::evaluate {

namespace {

std::string facts_json(const EvaluateOptions& options, const EvaluateInputs& inputs,
                       const PatchSets& sets) {
  using Json = nlohmann::ordered_json;
  const auto named = [](const std::vector<std::filesystem::path>& paths,
                        const PatchSources& sources) {
    Json out{{"paths", Json::array()}, {"images", sources.size()}};
    for (const auto& path : paths) out["paths"].push_back(path.string());
    return out;
  };
  Json seams = Json::array();
  for (const SeamPeriod& seam : options.seams)
    seams.push_back(fmt::format("{}+{}", seam.period, seam.phase));
  const Json json{{"real", named(options.real, inputs.real)},
                  {"synthetic", named(options.synthetic, inputs.synthetic)},
                  {"held_out", named(options.held_out, inputs.held_out)},
                  {"patch", options.patch},
                  {"patches", sets.count()},
                  {"training_patches", sets.searched.patches.size()},
                  {"seed", options.seed},
                  {"model", options.model.string()},
                  {"features", options.features.string()},
                  {"classes", options.classes},
                  {"seams", seams},
                  {"latent_factor", inputs.latent_factor},
                  {"directions", options.directions},
                  {"replicates", options.replicates}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// ", and 3 more" where `count` files share a message that names one.
std::string and_more(std::size_t count) {
  return count > 1 ? fmt::format(", and {} more", count - 1) : "";
}

void warn_of_shared_files(const EvaluateInputs& inputs, Progress& progress) {
  for (const auto& [option, sources] :
       {std::pair("--real", &inputs.real), std::pair("--held-out", &inputs.held_out)})
    if (const auto both = shared_files(inputs.synthetic, *sources); !both.empty())
      progress.warn(fmt::format("--synthetic: {} is an image of {} too{}", both[0].string(), option,
                                and_more(both.size())));
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
  inputs.latent_factor = bundle.downsampling;
  inputs.autoencoder = load_autoencoder(bundle, DType::float32);
}

}  // namespace

EvaluateInputs open_inputs(const EvaluateOptions& options) {
  EvaluateInputs inputs;
  inputs.real = open_patch_sources(options.real);
  inputs.synthetic = open_patch_sources(options.synthetic);
  inputs.held_out = open_patch_sources(options.held_out);
  if (const auto both = shared_files(inputs.held_out, inputs.real); !both.empty())
    throw UserError(
        fmt::format("--held-out: {} is an image of --real too{}; no image may be on both sides",
                    both[0].string(), and_more(both.size())));
  if (!options.features.empty())
    inputs.network =
        std::make_unique<FeatureNetwork>(options.features, static_cast<int>(options.patch));
  if (!options.model.empty()) open_bundle(inputs, options);
  if (options.latent_factor) inputs.latent_factor = *options.latent_factor;
  validate_seams(options, inputs.latent_factor);
  check_seam_grids(inputs, options);
  return inputs;
}

EvaluationReport evaluate(const EvaluateOptions& options, const EvaluateInputs& inputs,
                          Progress& progress) {
  warn_of_shared_files(inputs, progress);
  progress.start_stage("reading masks and patches", 1, "set");
  const ClassPlaces places = find_class_places(inputs, options, progress);
  const PatchSets sets = read_sets(inputs, options, progress);
  EvaluationReport report;
  report.facts_json = facts_json(options, inputs, sets);
  // Parts in the order of the report; what is likeliest to be refused is measured first.
  std::array<EvaluationReport, 8> parts;
  std::vector<Picture> again;
  LevelDistances distances;
  const std::vector<std::function<void()>> measures{
      [&] { add_classes(parts[5], inputs, options, places, progress); },
      [&] { add_seams(parts[4], inputs, options, progress); },
      [&] { add_features(parts[7], sets, inputs, options, progress); },
      [&] { again = reconstructions_of(sets.reference.patches, inputs, progress); },
      [&] { distances = measure_levels(sets, again, options, progress); },
      [&] { add_sliced_wasserstein(parts[0], distances); },
      [&] { add_optical_density(parts[1], sets, options, progress); },
      [&] { add_radial_spectrum(parts[2], sets, options, progress); },
      [&] { add_copying(parts[3], sets, progress); },
      [&] { add_reconstruction(parts[6], sets, again, distances, options, progress); }};
  progress.start_stage("measuring", static_cast<std::int64_t>(measures.size()), "measures");
  for (std::size_t i = 0; i < measures.size(); ++i) {
    stop_if_asked(&progress);
    measures[i]();
    progress.update(static_cast<std::int64_t>(i + 1));
  }
  for (EvaluationReport& part : parts) {
    std::move(part.rows.begin(), part.rows.end(), std::back_inserter(report.rows));
    std::move(part.curves.begin(), part.curves.end(), std::back_inserter(report.curves));
  }
  progress.finish();
  return report;
}

}  // namespace histoloom::evaluate
