// Writes random weights for tests that don't need what a training gives.
//
//   random_weights MODEL_JSON FOLDER
//
// makes FOLDER a bundle: weights of each network that MODEL_JSON describes, and a model.json that
// states their sums. They are the same each time.
//
//   random_weights FOLDER
//
// makes weights of full-size published networks, for tests that need their size and not their
// pictures: FOLDER/denoiser.safetensors (DiffInfinite's image U-Net: dim 256, 5 classes, 172
// million parameters) and FOLDER/autoencoder.safetensors (Stable Diffusion's KL-f8, 84 million), as
// `histoloom import diffinfinite` takes them.
#include <fmt/format.h>
#include <torch/torch.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "histoloom/bundle/weights_sum.h"
#include "histoloom/networks/autoencoder.h"
#include "histoloom/networks/denoiser.h"
#include "histoloom/weights/safetensors.h"
#include "networks/test_model.h"

namespace {

namespace fs = std::filesystem;

constexpr const char* kUNet = R"({"dim": 256, "num_classes": 5, "dim_mults": [1, 2, 4],
  "channels": 4, "resnet_block_groups": 2, "block_per_layer": 2})";
constexpr const char* kKlF8 = R"({"_class_name": "AutoencoderKL", "latent_channels": 4,
  "block_out_channels": [128, 256, 512, 512], "layers_per_block": 2, "norm_num_groups": 32,
  "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D",
                       "DownEncoderBlock2D"],
  "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D",
                     "UpDecoderBlock2D"]})";

// Gives a network's parameters random values and writes them.
void write_weights(const fs::path& file, const histoloom::NamedTensors& parameters,
                   std::uint64_t seed, double scale) {
  histoloom::randomise(parameters, seed, scale);
  histoloom::write_safetensors(file, parameters, {});
}

void write_full_size(const fs::path& folder) {
  write_weights(folder / "denoiser.safetensors",
                histoloom::make_denoiser("diffinfinite_unet", kUNet, "denoiser")->parameters(), 1,
                0.5);
  write_weights(folder / "autoencoder.safetensors",
                histoloom::make_autoencoder("autoencoder_kl", kKlF8, "autoencoder")->parameters(),
                2, 0.5);
}

// Writes the weights that an entry of model.json names, and states their sum there.
void write_network(nlohmann::ordered_json& network, const std::string& kind, const fs::path& folder,
                   std::uint64_t seed) {
  const fs::path weights = folder / network.at("weights").get<std::string>();
  const std::string architecture = network.at("architecture"), config = network.at("config").dump();
  const histoloom::NamedTensors parameters =
      kind == "autoencoder" ? histoloom::make_autoencoder(architecture, config, kind)->parameters()
                            : histoloom::make_denoiser(architecture, config, kind)->parameters();
  write_weights(weights, parameters, seed, 1);
  network["sha256"] = histoloom::weights_sha256(weights);
}

void write_bundle(const fs::path& model_json, const fs::path& folder) {
  fs::create_directories(folder);
  auto json = nlohmann::ordered_json::parse(histoloom::read_text(model_json));
  std::uint64_t seed = 0;
  for (const char* kind : {"denoiser", "mask_denoiser", "autoencoder"})
    write_network(json.at(kind), kind, folder, ++seed);
  if (json.contains("stages"))
    for (nlohmann::ordered_json& stage : json["stages"])
      write_network(stage.at("denoiser"), "denoiser", folder, ++seed);
  histoloom::write_bytes(folder / "model.json", json.dump(2) + "\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    fmt::print(stderr, "usage: random_weights [MODEL_JSON] FOLDER\n");
    return 2;
  }
  try {
    argc == 2 ? write_full_size(argv[1]) : write_bundle(argv[1], argv[2]);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "random_weights: {}\n", error.what());
    return 1;
  }
}
