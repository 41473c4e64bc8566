// What a latent is to pixels, and to the denoiser.
#pragma once

#include <cstdint>
#include <vector>

#include "histoloom/core/geometry.h"
#include "histoloom/networks/autoencoder.h"

namespace histoloom {

struct LatentSpaceSpec {
  int channels = 0;
  int downsampling = 0;          // pixels a cell
  std::vector<float> mean;       // one a channel; the denoiser sees (z − mean) / deviation
  std::vector<float> deviation;  // one a channel
  // DiffusionModel::colours, by normalised latents; empty: not known.
  std::vector<float> colours = {};
};

// The mean over all cells of an image's normalised latents, channel by channel. The image: RGB,
// rows without gaps, sides that are multiples of the downsampling factor.
std::vector<float> mean_latent(const LatentSpaceSpec& latent, Autoencoder& autoencoder,
                               const std::vector<std::uint8_t>& rgb, PixelSize size);

}  // namespace histoloom
