// Where a published network lies: its weights, and the JSON that configures it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "histoloom/weights/weights_file.h"

namespace histoloom {

struct NetworkFiles {
  std::filesystem::path weights;
  std::string config_json;  // empty where there is none
  std::string where;        // of the configuration, for messages

  // `path` is a file of weights, configured by NAME.json or config.json beside
  // it, or a directory as diffusers saves models: config.json and
  // diffusion_pytorch_model (or model, or weights) as .safetensors,
  // .safetensors.index.json, .bin or .pt. UserError names what is missing.
  static NetworkFiles find(const std::filesystem::path& path);

  // The tensors of the network, told by one that it must have under any of the
  // names `landmarks`: a checkpoint's other contents (its optimiser, the
  // weights before averaging, losses) are left out, and the prefix under which
  // the network lies. UserError names the landmark.
  std::unique_ptr<WeightsFile> open(const std::vector<std::string>& landmarks) const;
};

}  // namespace histoloom
