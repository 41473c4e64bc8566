// Writes weights of full-size published networks with random values, for tests that need their
// size and not their pictures:
//
//   random_weights FOLDER
//
// makes FOLDER/denoiser.safetensors (DiffInfinite's image U-Net: dim 256, 5 classes, 172 million
// parameters) and FOLDER/autoencoder.safetensors (Stable Diffusion's KL-f8, 84 million), as
// `histoloom import diffinfinite` takes them.
#include <fmt/format.h>
#include <torch/torch.h>

#include <filesystem>

#include "histoloom/networks/autoencoder.h"
#include "histoloom/networks/denoiser.h"
#include "histoloom/weights/safetensors.h"
#include "networks/test_model.h"

namespace {

constexpr const char* kUNet = R"({"dim": 256, "num_classes": 5, "dim_mults": [1, 2, 4],
  "channels": 4, "resnet_block_groups": 2, "block_per_layer": 2})";
constexpr const char* kKlF8 = R"({"_class_name": "AutoencoderKL", "latent_channels": 4,
  "block_out_channels": [128, 256, 512, 512], "layers_per_block": 2, "norm_num_groups": 32,
  "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D",
                       "DownEncoderBlock2D"],
  "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D",
                     "UpDecoderBlock2D"]})";

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: random_weights FOLDER\n");
    return 2;
  }
  try {
    const std::filesystem::path folder = argv[1];
    {
      const auto denoiser = histoloom::make_denoiser("diffinfinite_unet", kUNet, "denoiser");
      histoloom::randomise(denoiser->parameters(), 1, 0.5);
      histoloom::write_safetensors(folder / "denoiser.safetensors", denoiser->parameters(), {});
    }
    const auto autoencoder = histoloom::make_autoencoder("autoencoder_kl", kKlF8, "autoencoder");
    histoloom::randomise(autoencoder->parameters(), 2, 0.5);
    histoloom::write_safetensors(folder / "autoencoder.safetensors", autoencoder->parameters(), {});
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "random_weights: {}\n", error.what());
    return 1;
  }
}
