// The forward process of training: clean latents, noise, and what a network is to predict.
#pragma once

#include <ATen/ATen.h>

#include "histoloom/core/sha256.h"
#include "histoloom/networks/noise_schedule.h"
#include "histoloom/networks/prediction.h"

namespace histoloom {

// Which times of a schedule are drawn how often.
enum class TimeDensity {
  even,
  // Half of them evenly, half by a logit-normal density of mean 0 and deviation 1 (Esser et al.
  // 2024): at the ends of a schedule there is little to learn, and little weight is wanted
  // (Hang et al. 2023, min-SNR).
  middle,
};

// Times [B], int64, of a schedule with `steps` times, from torch's generator.
at::Tensor draw_times(TimeDensity density, std::int64_t batch, std::int64_t steps);

struct NoisyBatch {
  at::Tensor x;       // alpha·x0 + sigma·noise, as x0
  at::Tensor time;    // float32 [B]
  at::Tensor target;  // what `prediction` names, as x0
};

// Draws noise for `x0` [B, C, h, w] at `time` [B] from torch's generator. `signal` is alpha² of
// every time of the schedule, float32.
NoisyBatch add_noise(const at::Tensor& x0, const at::Tensor& time, const at::Tensor& signal,
                     Prediction prediction);

// alpha² of every time, for add_noise().
at::Tensor signal_of(const NoiseSchedule& schedule);

// Of what a diffusion loss depends on beside data and network.
Sha256 checksum_of(const NoiseSchedule& schedule, Prediction prediction);

}  // namespace histoloom
