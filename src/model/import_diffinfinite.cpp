// DiffInfinite (Aversa et al. 2023): its checkpoints don't say how the network
// is built, so that is read off the tensors' shapes.
#include <fmt/format.h>

#include <array>

#include "histoloom/core/error.h"
#include "histoloom/model/denoiser.h"
#include "import_parts.h"

namespace histoloom {

using nlohmann::ordered_json;

namespace {

// The classes of the 5-class release, unknown left out.
constexpr std::array kClasses = {"carcinoma", "necrosis", "tumour stroma", "other"};

// UserError unless the tensor has as many dimensions.
std::vector<std::int64_t> shape_of(const WeightsFile& file, const std::string& name,
                                   std::size_t dimensions) {
  const auto shape = file.shape(name);
  if (shape.size() != dimensions || shape[0] < 1)
    throw UserError(fmt::format("{}: tensor '{}' has {} dimensions, DiffInfinite's U-Net has {}",
                                file.path().string(), name, shape.size(), dimensions));
  return shape;
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

ImportedNetwork import_unet(const std::filesystem::path& path, const std::string& architecture,
                            const std::string& name) {
  const NetworkFiles files = NetworkFiles::find(path);
  const auto file = files.open({"init_conv.weight"});
  ImportedNetwork out;
  out.entry = {{"architecture", architecture},
               {"config", config_of(*file)},
               {"weights", name + ".safetensors"}};
  const auto network = make_denoiser(architecture, out.entry["config"].dump(), path.string());
  load_parameters(network->parameters(), *file);
  out.weights = {out.entry["weights"], in_dtype_of(*file, network->parameters(), {})};
  return out;
}

std::vector<std::string> class_names(int classes) {
  if (classes == static_cast<int>(kClasses.size()) + 1) return {kClasses.begin(), kClasses.end()};
  std::vector<std::string> out;
  for (int id = 1; id < classes; ++id) out.push_back(fmt::format("class {}", id));
  return out;
}

}  // namespace

ImportedBundle ImportedBundle::diffinfinite(const DiffInfiniteImport& files,
                                            const ImportOptions& options) {
  check_out(options.out);
  ImportedNetwork denoiser = import_unet(files.denoiser, "diffinfinite_unet", "denoiser");
  ImportedAutoencoder autoencoder = import_autoencoder(files.autoencoder);
  const int channels = denoiser.entry["config"]["channels"];
  if (channels != autoencoder.channels)
    throw UserError(fmt::format("{}: has {} latent channels, the denoiser in {} has {}",
                                files.autoencoder.string(), autoencoder.channels,
                                files.denoiser.string(), channels));

  ordered_json model = model_json_of(options, {files.denoiser, files.autoencoder});
  model["label_set"] = options.labels_json.empty()
                           ? label_set_of(class_names(denoiser.entry["config"]["num_classes"]))
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
    ImportedNetwork mask =
        import_unet(files.mask_denoiser, "diffinfinite_mask_unet", "mask_denoiser");
    model["mask_denoiser"] = mask.entry;
    model["prompts"] = {"adenocarcinoma", "squamous cell carcinoma"};
    weights.push_back(std::move(mask.weights));
  }
  return bundle_of(options.out, model, std::move(weights));
}

}  // namespace histoloom
