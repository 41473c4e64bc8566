// The configuration of pixel_shuffle_autoencoder: our autoencoder.
#pragma once

#include <memory>
#include <vector>

#include "histoloom/networks/autoencoder.h"

namespace histoloom {

struct PixelShuffleAutoencoderConfig {
  int latent_channels = 8;
  int fine_width = 96;     // channels at a quarter of the resolution
  int coarse_width = 144;  // channels at an eighth of the resolution
  int fine_blocks = 2;     // residual blocks at each resolution, in encoder and decoder
  int coarse_blocks = 3;
};

// Makes the network with fresh weights.
std::unique_ptr<Autoencoder> make_pixel_shuffle_autoencoder(
    const PixelShuffleAutoencoderConfig& config);

}  // namespace histoloom
