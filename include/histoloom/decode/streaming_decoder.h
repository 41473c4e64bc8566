// Latents in, rows of pixels out, from the top down.
//
// Windows of `window` latent cells overlap by `overlap` cells, in which a raised cosine (Hann)
// fades one into the next. Weights are w(x)·w(y) and sum to one at every pixel. The first windows
// start `overlap` cells outside of the slide, and the last end outside. A window sees what the
// latents hold outside, then cells that repeat the border; so the slide's edges are decoded like
// its middle.
//
// Example: windows of 32 cells that overlap by 8, at 8 px a cell, start every 24 cells (192 px):
// 1.78 decodes a pixel.
//
//   window  a square of latents that is decoded at once
//   band    a row of windows
//   strip   the weighted pixels of the band: window · factor rows of the slide's width, three
//           floats a pixel; all that grows with the slide
//
// A window in which nothing but glass is seen is not decoded; its pixels are the glass texture, bit
// by bit. The result does not depend on the number of threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "histoloom/core/geometry.h"
#include "histoloom/core/picture.h"
#include "histoloom/core/progress.h"
#include "histoloom/decode/glass.h"
#include "histoloom/networks/latent_space.h"
#include "histoloom/store/latent_array.h"

namespace histoloom {

struct DecodeOptions {
  int window = 32;  // latent cells a side
  int overlap = 8;  // cells that neighbouring windows share, at most half a window
  int batch = 4;    // windows a call of the autoencoder, always
  int threads = 1;  // calls of the autoencoder side by side
  // The cell of the latents at the slide's upper left corner; those around the slide only help its
  // edges.
  LatentPoint origin{0, 0};
  // The first row of pixels to hand out, if the slide's upper part is there already. The rows are
  // those that decoding from the top would give; from the slide's height on there are none.
  std::int64_t first_row = 0;
  std::string stage_name = "decoding and writing";  // what the progress calls it
};

// What was done, up to date whenever rows are handed out.
struct DecodeReport {
  std::int64_t decodes = 0;        // windows through the decoder, padding not counted
  double autoencoder_seconds = 0;  // wall time with at least one call running
};

// Takes the next rows of the slide, RGB.
using RowSink = std::function<void(const PictureView& rows)>;

// The weights of a window along one axis, in pixels: a rise over `overlap` cells, ones, a fall.
// A fall and the next window's rise sum to one.
std::vector<float> hann_window(int window, int overlap, int factor);

// Decodes the normalised latents into `size` pixels and hands them to `sink` from the calling
// thread; adds the work to `report`. Throws Interrupted when the user stops the run.
// \error UserError for pixels that are not finite, naming the window.
void decode_slide(const LatentSpaceSpec& space, Autoencoder& autoencoder,
                  const LatentArray& latents, const BareGlass& glass, PixelSize size,
                  const DecodeOptions& options, const RowSink& sink, Progress& progress,
                  DecodeReport& report);

// Bytes that decode_slide() holds at most, besides the store's cache and the network, for a slide
// `width` pixels wide.
std::uint64_t decoding_memory(const LatentSpaceSpec& space, std::int64_t width,
                              const DecodeOptions& options);

}  // namespace histoloom
