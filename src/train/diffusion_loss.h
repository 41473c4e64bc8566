// The forward process of training: clean latents, noise, and what a network is to predict.
#pragma once

#include <torch/torch.h>

#include "histoloom/diffusion/schedule.h"
#include "histoloom/model/bundle.h"

namespace histoloom {

// A batch at times drawn uniformly from the schedule.
struct NoisyBatch {
  at::Tensor x;       // alpha·x0 + sigma·noise, as x0
  at::Tensor time;    // float32 [B]
  at::Tensor target;  // what `prediction` names, as x0
};

// Draws times and noise for `x0` [B, C, h, w] from torch's generator. `signal` is alpha² of every
// time of the schedule, float32.
NoisyBatch add_noise(const at::Tensor& x0, const at::Tensor& signal, Prediction prediction);

// alpha² of every time, for add_noise().
at::Tensor signal_of(const NoiseSchedule& schedule);

}  // namespace histoloom
