// Published weights into a model bundle: DiffInfinite's checkpoints, and diffusers' U-Nets with
// Stable Diffusion's autoencoders.
//
// Reading checks everything: that the files hold the tensors that the networks need, of the right
// shapes and finite. Writing then makes the bundle's directory in one go: the directory is written
// next to its final name, synced and renamed. So a killed import leaves nothing under the final
// name.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "histoloom/core/progress.h"

namespace histoloom {

// What the weights don't say about themselves.
struct ImportOptions {
  std::filesystem::path out;  // the bundle's directory; must not exist
  std::string name;           // the model's name; empty: the name of `out`
  std::string licence = "that of the imported weights";
  std::string labels_json;    // a label set (labels/label_set.h), checked; empty: made up
  double mpp = 0.5;           // microns a pixel
  double magnification = 20;  // objective power
  int patch = 64;             // latent cells a side
  int batch = 4;
};

// Weights are safetensors, an index of shards, or a checkpoint of torch.save. A network is a file
// of weights with its configuration, NAME.json or config.json, next to it; or a directory that
// diffusers saved (src/bundle/network_files.h).
struct DiffInfiniteImport {
  std::filesystem::path denoiser;       // model-N.pt, or the U-Net's weights alone
  std::filesystem::path mask_denoiser;  // a file of either kind; may be empty
  std::filesystem::path autoencoder;    // a network; without a configuration: Stable Diffusion's
};

struct DiffusersImport {
  std::filesystem::path unet, vae;  // networks
  // What the U-Net attends to for each label, by name; "none" is no condition, and needed.
  std::vector<std::pair<std::string, std::filesystem::path>> contexts;
};

// A bundle in memory, ready to be written.
class ImportedBundle {
 public:
  // UserError names the file and the tensor, or the label, that doesn't fit.
  static ImportedBundle diffinfinite(const DiffInfiniteImport& files, const ImportOptions& options);
  static ImportedBundle diffusers(const DiffusersImport& files, const ImportOptions& options);

  // What model.json will say, without the sums of the weights.
  const std::string& model_json() const;
  // Writes the bundle, whose model.json states the sums of its weights. After an error nothing is
  // left. \error UserError names the path and the cause; Interrupted.
  void write(Progress& progress) const;

  struct Contents;
  explicit ImportedBundle(std::shared_ptr<const Contents> contents)
      : contents_(std::move(contents)) {}

 private:
  std::shared_ptr<const Contents> contents_;
};

}  // namespace histoloom
