// The configuration of label_map_unet: our denoiser, a U-Net that takes the whole label map.
#pragma once

#include <memory>
#include <vector>

#include "histoloom/networks/denoiser.h"

namespace histoloom {

struct LabelMapUNetConfig {
  int latent_channels = 8;
  int labels = 6;  // ids 0 (no condition) to labels - 1
  std::vector<int> widths{64, 128, 192};
  int blocks = 2;  // residual blocks a level, on the way down and on the way up
  int heads = 4;
  int groups = 8;
  int embedding = 256;
  int context_channels = 0;  // planes of a coarser stage's picture, next to the latents
  int fold = 1;  // cells a side that are folded into channels on the way in, and out of them again
};

// Makes the network with fresh weights.
std::unique_ptr<Denoiser> make_label_map_unet(const LabelMapUNetConfig& config);

}  // namespace histoloom
