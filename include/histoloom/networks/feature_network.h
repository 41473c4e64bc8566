// A network that says of an image what is in it, as numbers: any TorchScript file with a forward
// like this:
//     images, float32 [B, 3, side, side] in [0, 1]
//       -> features [B, D], or a tuple of features and the logits of classes [B, K]
//
// Resizing and normalising are the module's own business.
//
// Such a file is a program, which is run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

namespace histoloom {

class FeatureNetwork {
 public:
  // What the network returns of a batch of images, row by row.
  struct Output {
    std::size_t dimensions = 0;
    std::vector<float> features;  // images × dimensions
    std::size_t classes = 0;      // number of classes; 0 if the network gives no logits
    std::vector<float> logits;    // images × classes
  };

  // Loads the module and lets it describe a grey image of `side` × `side` px. \error UserError that
  // names the file: no TorchScript, no forward, one that fails, another return value, numbers that
  // aren't finite.
  FeatureNetwork(const std::filesystem::path& file, int side);
  ~FeatureNetwork();
  FeatureNetwork(const FeatureNetwork&) = delete;
  FeatureNetwork& operator=(const FeatureNetwork&) = delete;

  // Describes images of side × side × RGB bytes each. \error UserError as the constructor. Any
  // thread.
  Output describe(const std::vector<std::span<const std::uint8_t>>& images) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace histoloom
