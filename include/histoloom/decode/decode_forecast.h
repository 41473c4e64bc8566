// What decoding a slide will take, told before there are latents.
#pragma once

#include <cstdint>

#include "histoloom/decode/streaming_decoder.h"

namespace histoloom {

struct DecodeForecast {
  double windows = 0, batches = 0;
  double seconds = 0;         // time of the autoencoder's calls
  bool whole_batches = true;  // whether such were run to tell the time; if not, smaller ones
};

// How far a forecast goes.
struct DecodeForecastBounds {
  std::int64_t windows = 1 << 16;  // most windows to count; of more a sample is counted
  double gflop = 400;              // most GFLOP of a call that is run, a few seconds a thread
};

// Counts the windows that decode_slide() would decode of `size` pixels on a canvas of these cells.
// Times one call for each of options.threads, of fewer and smaller windows if a whole call would
// take too long.
DecodeForecast forecast_decoding(const LatentSpaceSpec& space, Autoencoder& autoencoder,
                                 LatentSize canvas, const GlassField& glass, PixelSize size,
                                 const DecodeOptions& options,
                                 const DecodeForecastBounds& bounds = {});

}  // namespace histoloom
