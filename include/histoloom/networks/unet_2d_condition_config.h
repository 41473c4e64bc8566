// The configuration of unet_2d_condition: the denoiser of Stable Diffusion 1 and 2 (diffusers
// 0.14).
#pragma once

#include <memory>
#include <vector>

#include "histoloom/networks/denoiser.h"

namespace histoloom {

struct UNet2DConditionConfig {
  int channels = 4;  // latent channels, in and out
  std::vector<int> block_out_channels{320, 640, 1280, 1280};
  int layers_per_block = 2;  // layers on the way down; one more on the way up
  int norm_num_groups = 32;
  double norm_eps = 1e-5;
  bool flip_sin_to_cos = true;
  int freq_shift = 0;
  int cross_attention_dim = 1280;
  std::vector<int> heads{8, 8, 8, 8};  // attention heads by block; the middle has the last one's
  // Whether each block attends (CrossAttnDownBlock2D, CrossAttnUpBlock2D).
  std::vector<bool> down_attention{true, true, true, false};
  std::vector<bool> up_attention{false, true, true, true};
  int labels = 1;  // contexts, 'none' included
  int context_tokens = 77;
};

// Makes the network with fresh weights.
std::unique_ptr<Denoiser> make_unet_2d_condition(const UNet2DConditionConfig& config);

}  // namespace histoloom
