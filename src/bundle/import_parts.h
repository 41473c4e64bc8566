// What the imports of DiffInfinite's and of diffusers' weights share.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "histoloom/bundle/import.h"
#include "histoloom/weights/weights_file.h"
#include "network_files.h"

namespace histoloom {

// `options`, their `out` without a slash at the end. UserError where no bundle can be made there.
ImportOptions checked(ImportOptions options);

// A network's weights as a file of the bundle.
struct ImportedWeights {
  std::string file;  // "denoiser.safetensors"
  NamedTensors tensors;
};

struct ImportedBundle::Contents {
  std::filesystem::path out;
  std::string model_json;
  std::vector<ImportedWeights> weights;
};

// A network that was read, and what model.json says of it.
struct ImportedNetwork {
  nlohmann::ordered_json entry;  // architecture, config, weights
  ImportedWeights weights;
};

struct ImportedDenoiser : ImportedNetwork {
  std::shared_ptr<Denoiser> network;
};

// UserError where generate would refuse the bundle.
ImportedBundle bundle_of(const std::filesystem::path& out, const nlohmann::ordered_json& model,
                         const Denoiser& denoiser, std::vector<ImportedWeights> weights);

// The parameters as they are to be stored: of the dtype that the file has,
// where it is 16 bits wide. `names` as for load_parameters().
NamedTensors in_dtype_of(const WeightsFile& file, const NamedTensors& parameters,
                         const std::map<std::string, std::string>& names);

// An autoencoder in `autoencoder.safetensors`, and its latents' channels and
// downsampling. Without a configuration it has Stable Diffusion's (KL-f8).
struct ImportedAutoencoder : ImportedNetwork {
  int channels = 0;
  int downsampling = 0;
  double scaling_factor = 0.18215;
};
ImportedAutoencoder import_autoencoder(const std::filesystem::path& path);

// A label set: id 0 is unknown, `names` have the ids from 1 on, glass comes
// last.
nlohmann::ordered_json label_set_of(const std::vector<std::string>& names);

// model.json without what depends on the kind of model: schedule, prediction,
// clip, defaults, label_set, prompts, latent.
nlohmann::ordered_json model_json_of(const ImportOptions& options,
                                     const std::vector<std::filesystem::path>& sources);

}  // namespace histoloom
