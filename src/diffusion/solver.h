// One DDIM transition (Song et al. 2021, eq. 12), per cell.
#pragma once

#include <algorithm>
#include <limits>

#include "histoloom/diffusion/schedule.h"
#include "histoloom/model/bundle.h"

namespace histoloom {

// From `time` to `next` (next < time; -1 is clean):
//   y' = alpha'·clip(x0) + sqrt(sigma'² − n²)·epsilon + n·noise,  epsilon = (y − alpha·x0) / sigma,
//   n = eta·sigma'/sigma·sqrt(1 − alpha²/alpha'²),
// written as y' = x0_scale·clip(x0) + kept·(y − alpha·x0) + noise_scale·noise. Epsilon is the
// network's own, not that of the clipped x0, as in DiffInfinite's code, whose numbers are
// reproduced.
struct DdimStep {
  // `clip` bounds |x0|; infinity where a model wants no bound.
  DdimStep(const NoiseSchedule& schedule, int time, int next, double eta,
           double clip = std::numeric_limits<double>::infinity());

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
  // `x0` as predicted, not clipped. Not finite where x0 isn't.
  float advance(float y, float x0, float noise) const {
    const float clipped = std::clamp(x0, -clip, clip);
    return x0_scale * clipped + kept * (y - alpha * x0) + noise_scale * noise;
  }

  float alpha, sigma, clip;
  float x0_scale, kept, noise_scale;
};

}  // namespace histoloom
