// Samples of what a network has learnt, small and quick, to look at while it trains.
#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <optional>

#include "drawing.h"
#include "histoloom/networks/noise_schedule.h"
#include "histoloom/networks/prediction.h"

namespace histoloom {

inline constexpr std::int64_t kSamples = 4;  // pictures a row
inline constexpr int kSampleSteps = 20;

// Draws x0 from `noise` [B, C, h, w] by DDIM (Song et al. 2021, eq. 12) with eta 0, without
// guidance. `predict` gives what `prediction` names for x and the time of each of the batch,
// float32 [B]; `clip` bounds |x0|.
at::Tensor sample_x0(
    const std::function<at::Tensor(const at::Tensor& x, const at::Tensor& time)>& predict,
    const at::Tensor& noise, const NoiseSchedule& schedule, Prediction prediction,
    std::optional<double> clip, int steps = kSampleSteps);

// Each of the images [B, 3, H, W] in about [0, 1], to the nearest of 256 values.
std::vector<Picture> pictures_of(const at::Tensor& images);

}  // namespace histoloom
