// How a training replaces weights and what model.json states of them, so that a kill never leaves
// weights that are refused:
//
//   1. withdraw()   model.json states no sum
//   2. the weights are replaced
//   3. state()      model.json states the new sum
//
// A kill in between leaves weights without a sum, which are taken as they are.
#pragma once

#include <filesystem>
#include <string>

namespace histoloom {

struct StatedWeights {
  std::filesystem::path directory;  // the bundle's
  std::string network;              // key of the network in model.json, as ModelBundle::key_of()
  // Sum of the autoencoder's weights on whose latents a denoiser is trained; empty for others.
  std::string autoencoder = {};
  // Whether an autoencoder's latents stay what they are, as in a training of the decoder. A
  // denoiser that was up to date then stays up to date.
  bool same_latents = false;

  // The sum that model.json states; empty if it states none. UserError as ModelBundle::read().
  std::string stated() const;
  void withdraw() const;
  // States the sum of the weights that took the place of those with the sum `before`, which may be
  // empty.
  void state(const std::string& sum, const std::string& before) const;
};

}  // namespace histoloom
