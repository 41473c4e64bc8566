// One DDIM transition (Song et al. 2021, eq. 12), per cell.
#pragma once

#include "histoloom/diffusion/schedule.h"
#include "histoloom/model/bundle.h"

namespace histoloom {

// From `time` to `next` (next < time; -1 is clean):
//   y' = alpha'·x0 + sqrt(sigma'² − n²)·epsilon + n·noise,  epsilon = (y − alpha·x0) / sigma,
//   n = eta·sigma'/sigma·sqrt(1 − alpha²/alpha'²),
// written as y' = x0_scale·x0 + y_scale·y + noise_scale·noise.
struct DdimStep {
  DdimStep(const NoiseSchedule& schedule, int time, int next, double eta);

  // The clean latent that a prediction stands for, given the noisy one.
  float x0(Prediction kind, float y, float prediction) const {
    switch (kind) {
      case Prediction::v:
        return alpha * y - sigma * prediction;
      case Prediction::epsilon:
        return (y - sigma * prediction) / alpha;
      case Prediction::x0:
        break;
    }
    return prediction;
  }
  float advance(float y, float x0, float noise) const {
    return x0_scale * x0 + y_scale * y + noise_scale * noise;
  }

  float alpha, sigma;
  float x0_scale, y_scale, noise_scale;
};

}  // namespace histoloom
