#include "import_parts.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "histoloom/bundle/registry.h"
#include "histoloom/core/error.h"
#include "histoloom/networks/autoencoder.h"
#include "published_names.h"

namespace histoloom {

using nlohmann::ordered_json;

namespace {

// The autoencoder of Stable Diffusion 1 and 2, which DiffInfinite fine-tuned.
constexpr const char* kStableDiffusionKl = R"({
  "in_channels": 3, "out_channels": 3, "latent_channels": 4, "layers_per_block": 2,
  "block_out_channels": [128, 256, 512, 512], "norm_num_groups": 32, "act_fn": "silu",
  "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D",
                       "DownEncoderBlock2D"],
  "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D",
                     "UpDecoderBlock2D"]})";

constexpr std::array<std::array<int, 3>, 8> kColours = {{{200, 0, 0},
                                                         {70, 70, 70},
                                                         {0, 160, 80},
                                                         {60, 90, 200},
                                                         {230, 160, 0},
                                                         {150, 70, 170},
                                                         {0, 170, 190},
                                                         {150, 110, 60}}};

ordered_json parse_config(const NetworkFiles& files, const char* fallback) {
  const ordered_json json =
      ordered_json::parse(files.config_json.empty() ? fallback : files.config_json, nullptr,
                          /*exceptions=*/false);
  if (!json.is_object())
    throw UserError(fmt::format("{}: not a configuration in JSON", files.where));
  return json;
}

ordered_json label(int id, const std::string& name, std::array<int, 3> colour) {
  return {{"id", id}, {"name", name}, {"color", colour}};
}

}  // namespace

NamedTensors in_dtype_of(const WeightsFile& file, const NamedTensors& parameters,
                         const std::map<std::string, std::string>& names) {
  NamedTensors out;
  for (const auto& [name, parameter] : parameters) {
    const auto found = names.find(name);
    const ElementType type = file.bytes(found == names.end() ? name : found->second).stored.type;
    out.emplace_back(name, parameter.detach().to(type == ElementType::f16    ? at::kHalf
                                                 : type == ElementType::bf16 ? at::kBFloat16
                                                                             : at::kFloat));
  }
  return out;
}

ImportedAutoencoder import_autoencoder(const std::filesystem::path& path) {
  const NetworkFiles files = NetworkFiles::find(path);
  ordered_json config = parse_config(files, kStableDiffusionKl);
  const bool quantised = config.contains("_class_name") && config["_class_name"] == "VQModel";
  ImportedAutoencoder out;
  if (config.contains("scaling_factor")) {
    const ordered_json& factor = config["scaling_factor"];
    if (!factor.is_number() || !(factor >= 1e-6 && factor <= 1e6))
      throw UserError(
          fmt::format("{}: 'scaling_factor' must be a number from 1e-06 to 1e+06, got {}",
                      files.where, factor.dump()));
    out.scaling_factor = factor;
  }
  out.entry = {{"architecture", quantised ? "vq_model" : "autoencoder_kl"},
               {"config", config},
               {"weights", "autoencoder.safetensors"}};
  const auto network = make_autoencoder(out.entry["architecture"], config.dump(), files.where);
  const auto file = files.open({"encoder.conv_in.weight"});
  const auto names = published_names(network->parameters(), file->names());
  try {
    load_parameters(network->parameters(), *file, names);
  } catch (const UserError& error) {
    if (!files.config_json.empty()) throw;
    throw UserError(fmt::format(
        "{}; no JSON that says how it is built lies beside it, so Stable Diffusion's was assumed",
        error.what()));
  }
  out.weights = {out.entry["weights"], in_dtype_of(*file, network->parameters(), names)};
  out.channels = network->channels();
  out.downsampling = network->downsampling();
  return out;
}

ordered_json label_set_of(const std::vector<std::string>& names) {
  ordered_json labels = ordered_json::array({label(0, "unknown", {0, 0, 0})});
  int id = 0;
  for (const std::string& name : names) {
    const std::array<int, 3> colour = kColours[static_cast<std::size_t>(id) % kColours.size()];
    labels.push_back(label(++id, name, colour));
  }
  labels.push_back(label(++id, "glass", {240, 240, 240}));
  return {{"labels", labels}, {"unknown", 0}, {"glass", id}};
}

ordered_json model_json_of(const ImportOptions& options,
                           const std::vector<std::filesystem::path>& sources) {
  std::vector<std::string> names;
  for (const auto& source : sources)
    names.push_back((source.has_filename() ? source : source.parent_path()).filename().string());
  const std::string own_name = options.out.filename().string();
  return {{"schema", 1},
          {"name", options.name.empty() ? own_name : options.name},
          {"version", "imported"},
          {"licence", options.licence},
          {"provenance", fmt::format("Imported from {}.", fmt::join(names, ", "))},
          {"mpp", options.mpp},
          {"magnification", options.magnification},
          {"patch", options.patch},
          {"batch", options.batch},
          // Norms and attention see one window: a quarter of it overlaps to hide their
          // shifts in tone.
          {"decode", {{"window", options.patch}, {"overlap", options.patch / 4}}}};
}

}  // namespace histoloom
