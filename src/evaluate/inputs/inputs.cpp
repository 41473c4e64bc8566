#include "inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "histoloom/bundle/bundle.h"
#include "histoloom/core/error.h"
#include "seam_rows.h"

namespace histoloom::evaluate {

namespace fs = std::filesystem;

namespace {

constexpr double kSameScale = 1.1;  // of microns a pixel, the larger over the smaller

// The images of one option.
struct InputSide {
  const char* option;
  const PatchSources* sources;
};

std::array<InputSide, 3> sides_of(const EvaluateInputs& inputs) {
  return {{{"--real", &inputs.real},
           {"--held-out", &inputs.held_out},
           {"--synthetic", &inputs.synthetic}}};
}

// ", and 3 more" where `count` files share a message that names one.
std::string and_more(std::size_t count) {
  return count > 1 ? fmt::format(", and {} more", count - 1) : "";
}

PatchSources open_side(EvaluateInputs& inputs, const char* option,
                       const std::vector<fs::path>& paths) {
  std::vector<PassedOver> passed_over;
  PatchSources sources = open_patch_sources(paths, &passed_over);
  for (PassedOver& files : passed_over) inputs.passed_over.push_back({option, std::move(files)});
  return sources;
}

// What has a known scale.
struct Scaled {
  std::string name;
  double mpp;
};

// Pixels are compared with pixels, so that all images, and the model, need one scale, as far as it
// is known.
void check_scales(const EvaluateInputs& inputs, const std::optional<Scaled>& model) {
  std::vector<Scaled> all;
  for (const InputSide& side : sides_of(inputs))
    for (const auto& source : *side.sources)
      if (source->mpp()) all.push_back({source->path().string(), *source->mpp()});
  if (model) all.push_back(*model);
  if (all.empty()) return;
  const auto [fine, coarse] = std::minmax_element(
      all.begin(), all.end(), [](const Scaled& a, const Scaled& b) { return a.mpp < b.mpp; });
  if (coarse->mpp <= kSameScale * fine->mpp) return;
  throw UserError(
      fmt::format("{} has {:.3g} microns a pixel, {} has {:.3g}; nothing is resized here, so "
                  "give images of one scale, or shrink the finer ones to it first",
                  coarse->name, coarse->mpp, fine->name, fine->mpp));
}

void open_bundle(EvaluateInputs& inputs, const EvaluateOptions& options) {
  const ModelBundle bundle = ModelBundle::read(options.model);
  if (options.patch % bundle.latent.downsampling != 0)
    throw UserError(
        fmt::format("--patch must be a multiple of the model's {} px a latent cell, got {}",
                    bundle.latent.downsampling, options.patch));
  check_scales(inputs, Scaled{options.model.string(), bundle.mpp});
  inputs.labels = bundle.labels;
  for (const std::string& name : options.classes)
    if (inputs.labels->find(std::string_view(name)) == nullptr)
      throw UserError(fmt::format("--classes: '{}' is no label of the model, which has {}", name,
                                  inputs.labels->describe()));
  inputs.latent_factor = bundle.latent.downsampling;
  inputs.autoencoder = load_autoencoder(bundle, DType::float32);
}

// Files that an option names, reads or finds in its folders.
struct OptionFiles {
  const char* option;
  std::vector<fs::path> files;
};

std::vector<OptionFiles> files_of(const EvaluateInputs& inputs, const EvaluateOptions& options) {
  std::vector<OptionFiles> out;
  for (const InputSide& side : sides_of(inputs)) {
    OptionFiles& files = out.emplace_back(OptionFiles{side.option, {}});
    for (const auto& source : *side.sources) {
      files.files.push_back(source->path());
      files.files.push_back(mask_beside(source->path()));
    }
  }
  for (const PassedOverBy& by : inputs.passed_over) out.push_back({by.option, by.files.files});
  out.push_back({"--features", {options.features}});
  OptionFiles& model = out.emplace_back(OptionFiles{"--model", {}});
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(options.model, ignored))
    model.files.push_back(entry.path());
  return out;
}

}  // namespace

EvaluateInputs open_inputs(const EvaluateOptions& options) {
  EvaluateInputs inputs;
  inputs.real = open_side(inputs, "--real", options.real);
  inputs.synthetic = open_side(inputs, "--synthetic", options.synthetic);
  inputs.held_out = open_side(inputs, "--held-out", options.held_out);
  if (const auto both = shared_files(inputs.held_out, inputs.real); !both.empty())
    throw UserError(
        fmt::format("--held-out: {} is an image of --real too{}; no image may be on both sides",
                    both[0].string(), and_more(both.size())));
  check_scales(inputs, std::nullopt);
  if (!options.features.empty())
    inputs.network =
        std::make_unique<FeatureNetwork>(options.features, static_cast<int>(options.patch));
  if (!options.model.empty()) open_bundle(inputs, options);
  if (options.latent_factor) inputs.latent_factor = *options.latent_factor;
  validate_seams(options, inputs.latent_factor);
  check_seam_grids(inputs, options);
  return inputs;
}

void require_no_input(const fs::path& report, const EvaluateOptions& options,
                      const EvaluateInputs& inputs) {
  std::error_code ignored;
  for (const OptionFiles& by : files_of(inputs, options))
    for (const fs::path& file : by.files)
      if (!file.empty() && fs::equivalent(report, file, ignored))
        throw UserError(fmt::format("--report {}: is a file of {}; give another name",
                                    report.string(), by.option));
}

void warn_of_inputs(const EvaluateInputs& inputs, Progress& progress) {
  for (const PassedOverBy& by : inputs.passed_over)
    progress.warn(fmt::format("{}: {}{}: not taken, {}", by.option, by.files.files[0].string(),
                              and_more(by.files.files.size()), by.files.reason));
  for (const InputSide& side : sides_of(inputs)) {
    if (side.sources == &inputs.synthetic) continue;
    if (const auto both = shared_files(inputs.synthetic, *side.sources); !both.empty())
      progress.warn(fmt::format("--synthetic: {} is an image of {} too{}", both[0].string(),
                                side.option, and_more(both.size())));
  }
}

}  // namespace histoloom::evaluate
