// Pulls the clean latents of a crop towards the colours of the coarser stage.
#pragma once

#include <vector>

#include "histoloom/networks/diffusion_model.h"

namespace histoloom {

// Moves latents z with the colours A·z + b to those of the coarser stage t, along what latents of
// tissue are when their colours change:
//
//     z + strength · B·(t − A·z − b)
//
// A straight way, by A alone, would lead to latents that no tissue has. Joint sampling across
// magnifications as in ZoomLDM (Yellapragada et al. 2025), which takes gradient steps.
class ColourPull {
 public:
  // Pulls nothing if the strength is 0 or the model knows no colours. `strength`: 0 to 1.
  ColourPull(const DiffusionModel& model, double strength);

  bool pulls() const { return strength_ != 0; }
  // `colours`: 3 × cells, from -1 to 1; `x0`: channels × cells.
  void apply(const std::vector<float>& colours, std::vector<float>& x0) const;

 private:
  std::size_t channels_;
  std::vector<float> colours_;  // of DiffusionModel
  float strength_;
};

}  // namespace histoloom
