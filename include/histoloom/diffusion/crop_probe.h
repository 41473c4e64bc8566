// One crop of one step painted again, to look at what failed: nothing is written.
#pragma once

#include <string>

#include "histoloom/diffusion/canvas_state.h"
#include "histoloom/diffusion/sampling.h"
#include "histoloom/diffusion/scene.h"
#include "histoloom/networks/denoiser.h"
#include "histoloom/networks/diffusion_model.h"

namespace histoloom {

// What the values of a crop are like.
struct ValueRange {
  float least = 0, most = 0;  // extremes of the finite values
  double mean = 0;
  std::int64_t values = 0, not_finite = 0;
};

struct CropProbe {
  LatentPoint corner;        // upper left cell of the patch, on the canvas
  std::int64_t crop = 0;     // number of the crop in the step's plan, from 0
  std::int64_t painted = 0;  // cells that the crop owns and paints
  int time = 0;              // time of the schedule
  bool guided = false, tapered = false;
  ValueRange y, prediction, x0;  // y before the step, the denoiser's output, clean latents
};

// Takes the crop of step `step` (from 0) that owns `cell` through the denoiser. `state` holds the
// canvas as the steps before have left it. \error UserError if no crop paints the cell.
CropProbe probe_crop(const DiffusionModel& model, Denoiser& denoiser, const Scene& scene,
                     const Sampling& sampling, const CanvasState& state, int step,
                     LatentPoint cell);

}  // namespace histoloom
