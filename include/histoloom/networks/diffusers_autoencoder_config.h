// The configuration of autoencoder_kl, and what vq_model shares with it (diffusers 0.14).
#pragma once

#include <memory>
#include <vector>

#include "histoloom/networks/autoencoder.h"

namespace histoloom {

struct DiffusersAutoencoderConfig {
  int in_channels = 3;
  int out_channels = 3;
  int latent_channels = 4;
  std::vector<int> block_out_channels{64};
  int layers_per_block = 1;  // layers of the encoder; the decoder has one more
  int norm_num_groups = 32;
  // Whether each block attends after each resnet (AttnDownEncoderBlock2D, AttnUpDecoderBlock2D).
  std::vector<bool> down_attention{false}, up_attention{false};
};

// Makes the network with fresh weights.
std::unique_ptr<Autoencoder> make_autoencoder_kl(const DiffusersAutoencoderConfig& config);

}  // namespace histoloom
