// What decoding a slide will take, told before there are latents.
#pragma once

#include <cstdint>

#include "histoloom/decode/streaming_decoder.h"

namespace histoloom {

struct DecodeForecast {
  double windows = 0, batches = 0;
  double seconds = 0;  // time of the autoencoder's calls
};

// Counts the windows that decode_slide() would decode of `size` pixels on a canvas of these cells.
// Of very many windows only a sample is counted. Times one call for each of options.threads.
DecodeForecast forecast_decoding(const LatentSpaceSpec& space, Autoencoder& autoencoder,
                                 LatentSize canvas, const GlassField& glass, PixelSize size,
                                 const DecodeOptions& options,
                                 std::int64_t windows_to_count = 1 << 16);

}  // namespace histoloom
