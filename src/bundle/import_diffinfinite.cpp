// DiffInfinite (Aversa et al. 2023): its checkpoints don't say how the network
// is built, so that is read off the tensors' shapes.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "histoloom/bundle/registry.h"
#include "histoloom/core/error.h"
#include "histoloom/networks/denoiser.h"
#include "import_parts.h"

namespace histoloom {

using nlohmann::ordered_json;

namespace {

// The classes of the 5-class release, unknown left out.
constexpr std::array kClasses = {"carcinoma", "necrosis", "tumour stroma", "other"};

// UserError unless the tensor has as many dimensions, none of them empty.
std::vector<std::int64_t> shape_of(const WeightsFile& file, const std::string& name,
                                   std::size_t dimensions) {
  const auto shape = file.shape(name);
  if (shape.size() != dimensions || std::find(shape.begin(), shape.end(), 0) != shape.end())
    throw UserError(
        fmt::format("{}: tensor '{}' has the shape [{}], DiffInfinite's U-Net has {} dimensions "
                    "there, none empty",
                    file.path().string(), name, fmt::join(shape, ", "), dimensions));
  return shape;
}

// Only the mask model has an embedding of its own for no condition.
void require_kind(const WeightsFile& file, bool mask) {
  if (file.contains("null_classes_emb") != mask)
    throw UserError(fmt::format("{}: holds {} model; give it with {}", file.path().string(),
                                mask ? "an image" : "a mask",
                                mask ? "--denoiser" : "--mask-denoiser"));
}

ordered_json config_of(const WeightsFile& file) {
  const auto stated = file.metadata().find("config");
  if (stated != file.metadata().end()) {
    const auto json = ordered_json::parse(stated->second, nullptr, /*exceptions=*/false);
    if (json.is_object()) return json;
  }
  const auto first = shape_of(file, "init_conv.weight", 4);
  std::vector<std::int64_t> multiples;
  for (int level = 0; file.contains(fmt::format("downs.{}.3.weight", level)); ++level)
    multiples.push_back(shape_of(file, fmt::format("downs.{}.3.weight", level), 4)[0] / first[0]);
  return {{"dim", first[0]},          {"num_classes", shape_of(file, "classes_emb.weight", 2)[0]},
          {"dim_mults", multiples},   {"channels", first[1]},
          {"resnet_block_groups", 2},  // as published: no shape tells
          {"block_per_layer", 2}};
}

ImportedDenoiser import_unet(const std::filesystem::path& path, bool mask) {
  const std::string name = mask ? "mask_denoiser" : "denoiser";
  const NetworkFiles files = NetworkFiles::find(path);
  const auto file = files.open({"init_conv.weight"});
  require_kind(*file, mask);
  ImportedDenoiser out;
  out.entry = {{"architecture", mask ? "diffinfinite_mask_unet" : "diffinfinite_unet"},
               {"config", config_of(*file)},
               {"weights", name + ".safetensors"}};
  out.network = make_denoiser(out.entry["architecture"], out.entry["config"].dump(), path.string());
  load_parameters(out.network->parameters(), *file);
  out.weights = {out.entry["weights"], in_dtype_of(*file, out.network->parameters(), {})};
  return out;
}

void require_channels(const std::filesystem::path& path, int channels,
                      const DiffInfiniteImport& files, int wanted) {
  if (channels != wanted)
    throw UserError(fmt::format("{}: has {} latent channels, the denoiser in {} has {}",
                                path.string(), channels, files.denoiser.string(), wanted));
}

std::vector<std::string> class_names(int classes) {
  if (classes == static_cast<int>(kClasses.size()) + 1) return {kClasses.begin(), kClasses.end()};
  std::vector<std::string> out;
  for (int id = 1; id < classes; ++id) out.push_back(fmt::format("class {}", id));
  return out;
}

std::vector<std::string> prompt_names(int prompts) {
  if (prompts == 2) return {"adenocarcinoma", "squamous cell carcinoma"};
  std::vector<std::string> out;
  for (int i = 1; i <= prompts; ++i) out.push_back(fmt::format("prompt {}", i));
  return out;
}

}  // namespace

ImportedBundle ImportedBundle::diffinfinite(const DiffInfiniteImport& files,
                                            const ImportOptions& options) {
  const ImportOptions checked_options = checked(options);
  ImportedDenoiser denoiser = import_unet(files.denoiser, false);
  ImportedAutoencoder autoencoder = import_autoencoder(files.autoencoder);
  const int channels = denoiser.network->channels();
  require_channels(files.autoencoder, autoencoder.channels, files, channels);

  std::vector<std::filesystem::path> sources{files.denoiser, files.autoencoder};
  if (!files.mask_denoiser.empty()) sources.push_back(files.mask_denoiser);
  ordered_json model = model_json_of(checked_options, sources);
  model["label_set"] = options.labels_json.empty()
                           ? label_set_of(class_names(denoiser.network->labels()))
                           : ordered_json::parse(options.labels_json);
  model["prompts"] = ordered_json::array();
  // Images in [0, 1] go into the autoencoder as they are, and latents are
  // divided by 50.
  model["latent"] = {{"channels", channels},
                     {"downsampling", autoencoder.downsampling},
                     {"mean", std::vector<double>(static_cast<std::size_t>(channels), 0.0)},
                     {"deviation", std::vector<double>(static_cast<std::size_t>(channels), 50.0)},
                     {"pixel_range", {0, 1}}};
  model["schedule"] = {{"type", "cosine"}, {"steps", 1000}};
  model["prediction"] = "epsilon";
  model["clip"] = 1.0;
  model["defaults"] = {{"sampler", "ddim"}, {"plan", "shifted"}, {"steps", 100},
                       {"eta", 1},          {"guidance", 3},     {"guidance_interval", {0, 1}}};
  model["autoencoder"] = autoencoder.entry;
  model["denoiser"] = denoiser.entry;
  std::vector<ImportedWeights> weights{std::move(autoencoder.weights), std::move(denoiser.weights)};
  if (!files.mask_denoiser.empty()) {
    ImportedDenoiser mask = import_unet(files.mask_denoiser, true);
    require_channels(files.mask_denoiser, mask.network->channels(), files, channels);
    model["mask_denoiser"] = mask.entry;
    model["prompts"] = prompt_names(mask.network->labels() - 1);  // label 0 is none
    weights.push_back(std::move(mask.weights));
  }
  return bundle_of(checked_options.out, model, *denoiser.network, std::move(weights));
}

}  // namespace histoloom
