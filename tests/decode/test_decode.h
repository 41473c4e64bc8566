// An autoencoder whose pixels are known, and a slide that is decoded with it.
#pragma once

#include <ATen/ATen.h>

#include <atomic>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "histoloom/decode/streaming_decoder.h"
#include "support/scratch.h"

namespace histoloom {

inline constexpr int kFactor = 8;

// Decodes three channels; `pixel` gives a value from one window's cells [3, side, side].
class FakeAutoencoder : public Autoencoder {
 public:
  struct Window {
    const float* cells;
    int side;
    float at(int c, int y, int x) const { return cells[(c * side + y) * side + x]; }
  };
  using Pixel = std::function<float(const Window& window, int c, int y, int x)>;

  explicit FakeAutoencoder(Pixel pixel) : pixel_(std::move(pixel)) {}

  at::Tensor decode(const at::Tensor& latents) override {
    ++calls;
    windows += latents.size(0);
    const int side = static_cast<int>(latents.size(2)), pixels = side * kFactor;
    const at::Tensor from = latents.contiguous();
    at::Tensor out = at::empty({latents.size(0), 3, pixels, pixels});
    float* to = out.data_ptr<float>();
    for (std::int64_t b = 0; b < latents.size(0); ++b) {
      const Window window{from.data_ptr<float>() + b * 3 * side * side, side};
      for (int c = 0; c < 3; ++c)
        for (int y = 0; y < pixels; ++y)
          for (int x = 0; x < pixels; ++x) *to++ = pixel_(window, c, y, x);
    }
    return out;
  }
  at::Tensor encode(const at::Tensor& image) override { return image; }
  at::Tensor encode_for_training(const at::Tensor& image, at::Tensor&) override { return image; }
  int channels() const override { return 3; }
  int downsampling() const override { return kFactor; }
  double gflop_per_decoded_cell() const override { return 1; }
  NamedTensors parameters() override { return {}; }
  void set_training_dtype(DType) override {}
  void prepare_inference(DType) override {}

  std::atomic<int> calls = 0;
  std::atomic<std::int64_t> windows = 0;

 private:
  Pixel pixel_;
};

// A flat block of pixels for each cell.
inline float flat_block(const FakeAutoencoder::Window& w, int c, int y, int x) {
  return w.at(c, y / kFactor, x / kFactor);
}

// The byte that cell (x, y) shows in channel c.
inline std::uint8_t byte_of(std::int64_t x, std::int64_t y, int c) {
  return static_cast<std::uint8_t>((x * 7 + y * 13 + c * 101 + x * y % 11) % 256);
}

class StopProgress final : public Progress {
 public:
  void start_stage(std::string_view, std::int64_t all, std::string_view) override { total = all; }
  void update(std::int64_t n, std::string_view) override { done = n; }
  void finish() override {}
  void warn(std::string_view) override {}
  bool stop_requested() const override { return done >= stop_at; }

  std::int64_t total = 0;
  std::atomic<std::int64_t> done = 0;  // stop_requested() comes from any thread
  std::int64_t stop_at = std::numeric_limits<std::int64_t>::max();
};

// Latents on disk whose cells stand for byte_of(), normalised by `space`.
// A canvas that begins and ends with the slide.
inline LatentSize canvas_for(PixelSize slide) {
  const CellSize cells = latent_size_for(slide, kFactor);
  return {cells.width, cells.height};
}

class DecodeJob {
 public:
  DecodeJob(PixelSize slide, LatentSize canvas)
      : size(slide),
        cache_(1 << 20),
        latents_(LatentArray::create(scratch_ / "z", 3, canvas, StoreType::float32, cache_)) {
    const auto plane = static_cast<std::size_t>(canvas.area());
    std::vector<float> cells(3 * plane);
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::size_t c = i / plane;
      const auto cell = static_cast<std::int64_t>(i % plane);
      const float value = static_cast<float>(byte_of(cell % canvas.width, cell / canvas.width,
                                                     static_cast<int>(c))) /
                          255.0f;
      cells[i] = (value - space.mean[c]) / space.deviation[c];
    }
    latents_.write(LatentRect::of(canvas), cells.data());
  }
  explicit DecodeJob(PixelSize slide) : DecodeJob(slide, canvas_for(slide)) {}

  // The slide's bytes, RGB, row by row.
  std::vector<std::uint8_t> decode(Autoencoder& autoencoder) {
    std::vector<std::uint8_t> out;
    decode_into(autoencoder, [&](const PictureView& rows) {
      most_rows = std::max(most_rows, rows.size.height);
      for (std::int64_t y = 0; y < rows.size.height; ++y)
        out.insert(out.end(), rows.row(y), rows.at(size.width, y));
    });
    return out;
  }
  void decode_into(Autoencoder& autoencoder, const RowSink& sink) {
    decode_slide(space, autoencoder, latents_, {*glass, texture, {0, 0, 0}}, size, options, sink,
                 progress, report);
  }
  void write(const LatentRect& rect, float value) {
    const std::vector<float> cells(static_cast<std::size_t>(3 * rect.area()), value);
    latents_.write(rect, cells.data());
  }
  const LatentArray& latents() const { return latents_; }

  const LatentSpaceSpec space{.channels = 3,
                              .downsampling = kFactor,
                              .mean = {0.25f, -1.0f, 0.5f},
                              .deviation = {2.0f, 0.5f, 1.0f}};
  PixelSize size;
  DecodeOptions options{8, 2, 3, 2};
  NoGlass no_glass;
  const GlassField* glass = &no_glass;
  GlassTexture texture{32};
  StopProgress progress;
  DecodeReport report;
  std::int64_t most_rows = 0;

 private:
  ScratchDirectory scratch_;
  ChunkCache cache_;
  LatentArray latents_;
};

}  // namespace histoloom
