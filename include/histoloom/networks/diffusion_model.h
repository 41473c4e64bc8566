// What random-patch diffusion needs to know of a denoiser: a value that a bundle makes for its
// image and for its labels.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "histoloom/networks/context_spec.h"
#include "histoloom/networks/noise_schedule.h"
#include "histoloom/networks/prediction.h"

namespace histoloom {

// The most channels that a canvas may have.
inline constexpr int kMaxChannels = 64;

struct DiffusionModel {
  std::string name;        // what the network paints: "latents", "labels"; for progress and errors
  int channels = 0;        // channels of the canvas, 1 to kMaxChannels
  int patch = 0;           // cells a side
  int batch = 0;           // patches a call of the denoiser, always
  NoiseSchedule schedule;  // schedule of the network's training
  Prediction prediction = Prediction::v;
  std::optional<double> clip;               // bound on |x0|; missing: no bound
  std::optional<ContextSpec> context = {};  // what it sees of a coarser stage
  // Mean colour of a cell, from -1 to 1, as a linear function of its latents, and how latents change
  // with it. For red, green and blue: a factor for each channel, a constant, and for each channel
  // its change. Empty: not known.
  std::vector<float> colours = {};
};

}  // namespace histoloom
