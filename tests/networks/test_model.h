// A small bundle for tests, and networks with weights that matter everywhere.
#pragma once

#include <ATen/ATen.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "histoloom/bundle/registry.h"
#include "histoloom/networks/parameters.h"
#include "histoloom/weights/safetensors.h"
#include "support/scratch.h"

namespace histoloom {

inline nlohmann::ordered_json small_model_json() {
  return nlohmann::ordered_json::parse(R"({
    "schema": 1, "name": "small", "version": "1.2", "licence": "Apache-2.0",
    "provenance": "made by a test", "mpp": 0.5, "magnification": 20,
    "label_set": {"labels": [{"id": 0, "name": "unknown", "color": [0, 0, 0]},
                             {"id": 1, "name": "tissue", "color": [200, 0, 0]},
                             {"id": 3, "name": "glass", "color": [240, 240, 240]}],
                  "unknown": 0, "glass": 3},
    "prompts": ["first", "second"],
    "latent": {"channels": 4, "downsampling": 8,
               "mean": [0.1, 0, -0.5, 2], "deviation": [1, 0.5, 2, 0.1]},
    "patch": 8, "batch": 2, "decode": {"window": 8, "overlap": 2},
    "schedule": {"type": "cosine", "steps": 1000}, "prediction": "v", "clip": null,
    "defaults": {"sampler": "ddim", "plan": "shifted", "steps": 30, "eta": 0.5,
                 "guidance": 2, "guidance_interval": [0.25, 0.75]},
    "autoencoder": {"architecture": "pixel_shuffle_autoencoder",
                    "config": {"latent_channels": 4, "fine_width": 8, "coarse_width": 8,
                               "fine_blocks": 1, "coarse_blocks": 1},
                    "weights": "autoencoder.safetensors"},
    "denoiser": {"architecture": "label_map_unet",
                 "config": {"latent_channels": 4, "labels": 4, "widths": [8, 16], "blocks": 1,
                            "heads": 2, "groups": 4, "embedding": 16},
                 "weights": "denoiser.safetensors"}})");
}

// The directory of the published numbers: ours, or another kit of the same layout where the user
// has one.
inline std::filesystem::path kit() {
  const char* other = std::getenv("HISTOLOOM_PARITY");
  return other != nullptr ? other : HISTOLOOM_TESTDATA "/parity";
}

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The largest difference, over the largest expected value.
inline double largest_error(const at::Tensor& got, const at::Tensor& expected) {
  return ((got - expected).abs().max() / expected.abs().max()).item<double>();
}

// The root mean square of the difference, over that of the expected values.
inline double rms_error(const at::Tensor& got, const at::Tensor& expected) {
  return ((got - expected).norm() / expected.norm()).item<double>();
}

// Gives every parameter random values, since some layers start as no-ops.
inline void randomise(const NamedTensors& parameters, std::uint64_t seed, double scale = 1.0) {
  at::NoGradGuard no_grad;
  at::manual_seed(seed);
  for (const auto& [name, parameter] : parameters) {
    const auto fan = parameter.dim() > 1 ? parameter[0].numel() : 1;
    const double deviation =
        parameter.dim() > 1 ? scale / std::sqrt(static_cast<double>(fan)) : 0.1;
    const bool norm =
        parameter.dim() == 1 && name.find("norm") != std::string::npos && name.ends_with("weight");
    at::Tensor(parameter).copy_(at::randn_like(parameter) * deviation + (norm ? 1.0 : 0.0));
  }
}

// Writes a whole bundle with random weights.
inline void write_small_bundle(const std::filesystem::path& directory,
                               const nlohmann::ordered_json& json = small_model_json()) {
  std::filesystem::create_directories(directory);
  write_bytes(directory / "model.json", json.dump(2));
  const auto denoiser = make_denoiser("label_map_unet", json["denoiser"]["config"].dump(), "test");
  randomise(denoiser->parameters(), 1);
  write_safetensors(directory / "denoiser.safetensors", denoiser->parameters(), {});
  const auto autoencoder =
      make_autoencoder("pixel_shuffle_autoencoder", json["autoencoder"]["config"].dump(), "test");
  randomise(autoencoder->parameters(), 2);
  write_safetensors(directory / "autoencoder.safetensors", autoencoder->parameters(), {});
}

}  // namespace histoloom
