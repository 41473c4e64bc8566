// Pixels in, latents out: a picture of any size through the encoder in windows.
//
// Windows of `window` latent cells overlap by half. Each cell is taken from the window in whose
// middle it lies. So the network has seen a quarter of a window around the cell, but at the
// picture's own edges.
//
// Example: windows of 32 cells on a picture of 60 start at cells 0, 16 and 28. The first window
// gives the cells 0 to 23, the second 24 to 37 and the third 38 to 59.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "histoloom/core/geometry.h"
#include "histoloom/core/progress.h"
#include "histoloom/networks/latent_space.h"

namespace histoloom {

// Takes normalised latents [channels, height, width] of a rectangle; any thread, every cell once.
using LatentSink = std::function<void(const LatentRect& cells, const float* latents)>;

// Encodes `rgb` in windows of `window` cells: interleaved rows without gaps, with sides that are
// multiples of the downsampling factor. One window a call, `threads` calls side by side at most;
// their number changes no bit.
// Throws Interrupted when the user stops the run, and UserError for latents that are not finite.
void encode_picture(const LatentSpaceSpec& space, int window, Autoencoder& autoencoder,
                    std::span<const std::uint8_t> rgb, PixelSize size, int threads,
                    const LatentSink& sink, Progress& progress);

// Where windows start along one axis of `size` cells, and the cells that each gives.
struct EncoderWindow {
  std::int64_t start = 0, end = 0;   // cells that the window sees
  std::int64_t first = 0, past = 0;  // cells that the window gives
};
std::vector<EncoderWindow> encoder_windows(std::int64_t size, std::int64_t window);

}  // namespace histoloom
