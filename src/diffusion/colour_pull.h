// Pulls the clean latents of a crop towards the colours of the coarser stage.
#pragma once

#include <vector>

#include "histoloom/networks/diffusion_model.h"

namespace histoloom {

// Moves latents by the shortest way that changes their colours as wanted: with the colours A·z + b of
// a cell and those of the coarser stage t,
//
//     z + strength · Aᵀ·(A·Aᵀ)⁻¹·(t − A·z − b)
//
// which at strength 1 is the projection of z on the latents that show t. Joint sampling across
// magnifications as in ZoomLDM (Yellapragada et al. 2025), which takes gradient steps.
class ColourPull {
 public:
  // Pulls nothing if the strength is 0 or the model knows no colours. `strength`: 0 to 1.
  ColourPull(const DiffusionModel& model, double strength);

  bool pulls() const { return !way_.empty(); }
  // `colours`: 3 × cells, from -1 to 1; `x0`: channels × cells.
  void apply(const std::vector<float>& colours, std::vector<float>& x0) const;

 private:
  std::size_t channels_;
  std::vector<float> colours_;  // of DiffusionModel
  std::vector<float> way_;      // channels × 3: how latents move if a colour is to change by 1
};

}  // namespace histoloom
