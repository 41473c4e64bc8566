// What a canvas shows: labels, glass, and cells that are known before it is painted.
#pragma once

#include <optional>
#include <vector>

#include "histoloom/diffusion/context.h"
#include "histoloom/labels/label_field.h"
#include "histoloom/store/latent_array.h"

namespace histoloom {

// Clean latents, normalised, of every cell of a canvas.
class CleanField {
 public:
  virtual ~CleanField() = default;
  // channels × height × width values of a rectangle on the canvas. Any thread.
  virtual void read(const LatentRect& rect, float* out) const = 0;
};

// Known cells are never painted: glass, and those that the scene keeps, as inpainting does
// (DiffInfinite, section D). A known cell with the clean latents z reads alpha_t·z +
// sigma_t·noise(cell). So painted cells see known ones at their own noise level, and crops that own
// known cells only cost nothing.
struct Scene {
  const CanvasLabelField& labels;  // label of every cell of the canvas
  LabelId unknown = 0;
  std::optional<LabelId> glass;
  std::vector<float> glass_latent;  // one normalised value a channel
  // Normalised latents of the cells that stay as they are, NaN in those that are painted; of the
  // labels' size. nullptr: nothing but glass is known.
  const LatentArray* kept = nullptr;
  // What the denoiser sees of a coarser stage; nullptr: nothing.
  const ContextField* context = nullptr;
  // What painting starts from if Sampling::begin is below 1, else nullptr (SDEdit, Meng et al. 2022).
  const CleanField* estimate = nullptr;
};

}  // namespace histoloom
