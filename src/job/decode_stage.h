// The stage that decodes a canvas into rows of pixels.
#pragma once

#include "histoloom/bundle/bundle.h"
#include "histoloom/decode/decode_forecast.h"
#include "histoloom/decode/streaming_decoder.h"

namespace histoloom {

class DecodeStage {
 public:
  // `size` pixels, whose upper left cell is `origin` on a canvas of `canvas` cells. The bundle
  // outlives it.
  DecodeStage(const ModelBundle& bundle, PixelSize size, LatentSize canvas, LatentPoint origin,
              int threads)
      : space_(bundle.latent), size_(size), canvas_(canvas) {
    options_.window = bundle.decode_window;
    options_.overlap = bundle.decode_overlap;
    options_.threads = threads;
    options_.origin = origin;
    if (bundle.is_coarser) options_.stage_name = "decoding " + bundle.stage;
  }

  // Bytes of memory beside the network and the store's cache, and beside what takes the rows.
  std::uint64_t memory() const { return decoding_memory(space_, size_.width, options_); }
  // What run() will take.
  DecodeForecast forecast(Autoencoder& autoencoder, const GlassField& glass) const {
    return forecast_decoding(space_, autoencoder, canvas_, glass, size_, options_);
  }
  // Hands the rows from `first_row` on to `sink`. Throws as decode_slide().
  void run(Autoencoder& autoencoder, const LatentArray& latents, const BareGlass& glass,
           std::int64_t first_row, const RowSink& sink, Progress& progress,
           DecodeReport& report) const {
    DecodeOptions options = options_;
    options.first_row = first_row;
    decode_slide(space_, autoencoder, latents, glass, size_, options, sink, progress, report);
  }

 private:
  const LatentSpaceSpec& space_;
  PixelSize size_;
  LatentSize canvas_;
  DecodeOptions options_;
};

}  // namespace histoloom
