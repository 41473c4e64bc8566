#include "histoloom/evaluate/evaluate.h"

#include <fmt/format.h>
#include <tbb/global_control.h>

#include <array>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>

#include "class_rows.h"
#include "copying_rows.h"
#include "histoloom/core/cpu_count.h"
#include "histoloom/vocabulary/json_text.h"
#include "inputs.h"
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
                  {"training_patches", sets.training.patches.size()},
                  {"seed", options.seed},
                  {"model", options.model.string()},
                  {"features", options.features.string()},
                  {"classes", options.classes},
                  {"seams", seams},
                  {"latent_factor", inputs.latent_factor},
                  {"directions", options.directions},
                  {"replicates", options.replicates}};
  return json_text(json);
}

}  // namespace

EvaluationReport evaluate(const EvaluateOptions& options, const EvaluateInputs& inputs,
                          Progress& progress) {
  const tbb::global_control threads(tbb::global_control::max_allowed_parallelism,
                                    static_cast<std::size_t>(threads_for(options.threads)));
  warn_of_inputs(inputs, progress);
  progress.start_stage("reading masks and patches", 1, "set");
  const ClassPlaces places = find_class_places(inputs, options, progress);
  const PatchSets sets = read_sets(inputs, options, progress);
  EvaluationReport report;
  report.facts_json = facts_json(options, inputs, sets);
  // Parts in the order of the report; what is likeliest to be refused is measured first.
  std::array<EvaluationReport, 8> parts;
  std::vector<Picture> reconstructions;
  Likeness likeness;
  const std::vector<std::function<void()>> measures{
      [&] { add_classes(parts[5], inputs, options, places, progress); },
      [&] { add_seams(parts[4], inputs, options, progress); },
      [&] { add_lattice(parts[4], inputs, options, progress); },
      [&] { add_features(parts[7], sets, inputs, options, progress); },
      [&] { reconstructions = reconstructions_of(sets.reference.patches, inputs, progress); },
      [&] { likeness = measure_likeness(sets, reconstructions, options, progress); },
      [&] { add_sliced_wasserstein(parts[0], likeness); },
      [&] { add_optical_density(parts[1], sets, options, progress); },
      [&] { add_radial_spectrum(parts[2], likeness); },
      [&] { add_copying(parts[3], sets, inputs, options, progress); },
      [&] { add_reconstruction(parts[6], sets, reconstructions, likeness, options, progress); }};
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
