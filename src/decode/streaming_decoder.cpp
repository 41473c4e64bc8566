#include "histoloom/decode/streaming_decoder.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_pipeline.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>

#include "histoloom/core/busy_clock.h"
#include "histoloom/core/error.h"
#include "histoloom/networks/inference_thread.h"
#include "window_grid.h"

namespace histoloom {

namespace {

// Windows of one call of the autoencoder: where they lie, and their pixels [batch, 3, w·f, w·f].
struct WindowBatch {
  std::vector<CellPoint> corners;
  at::Tensor pixels;
};

class SlideDecoder {
 public:
  SlideDecoder(const LatentSpaceSpec& space, Autoencoder& autoencoder, const LatentArray& latents,
               const BareGlass& glass, PixelSize size, const DecodeOptions& options);

  void run(const RowSink& sink, Progress& progress, DecodeReport& report);

 private:
  at::Tensor read_window(CellPoint on_slide) const;
  void decode(WindowBatch& batch);
  void add(const WindowBatch& batch);
  void decode_band(std::int64_t band, const Progress& progress);
  void emit(std::int64_t band, const RowSink& sink);
  void emit_row(std::int64_t y, std::int64_t strip_row, std::uint8_t* out) const;
  void read_glass(std::int64_t y0, std::int64_t y1);
  std::vector<float> glass_row(std::int64_t y) const;
  std::int64_t first_band() const;

  Autoencoder& autoencoder_;
  const LatentArray& latents_;
  const BareGlass& glass_;
  PixelSize size_;
  DecodeOptions options_;
  WindowGrid grid_;
  std::int64_t channels_, factor_, stride_, side_;  // pixels a cell; cells a step; pixels a window
  std::vector<float> ramp_;
  std::vector<float> strip_;  // [3, side, width], weighted sums
  CellRect glass_rows_;       // the cells whose weights glass_weights_ holds
  std::vector<float> glass_weights_;
  at::Tensor mean_, deviation_;
  BusyClock clock_;
  std::int64_t decodes_ = 0;
};

SlideDecoder::SlideDecoder(const LatentSpaceSpec& space, Autoencoder& autoencoder,
                           const LatentArray& latents, const BareGlass& glass, PixelSize size,
                           const DecodeOptions& options)
    : autoencoder_(autoencoder),
      latents_(latents),
      glass_(glass),
      size_(size),
      options_(options),
      grid_(size, space.downsampling, latents.size(), options),
      channels_(space.channels),
      factor_(space.downsampling),
      stride_(grid_.stride()),
      side_(options.window * factor_),
      ramp_(hann_window(options.window, options.overlap, space.downsampling)),
      strip_(static_cast<std::size_t>(3 * side_ * size.width)),
      mean_(at::tensor(space.mean).view({channels_, 1, 1})),
      deviation_(at::tensor(space.deviation).view({channels_, 1, 1})) {}

at::Tensor SlideDecoder::read_window(CellPoint on_slide) const {
  const std::int64_t w = options_.window, c = channels_;
  const LatentRect inside = grid_.on_canvas(CellRect::at(on_slide, {w, w}));
  const LatentPoint corner{on_slide.x + options_.origin.x, on_slide.y + options_.origin.y};
  std::vector<float> cells(static_cast<std::size_t>(c * inside.area()));
  latents_.read(inside, cells.data());
  at::Tensor out = at::empty({c, w, w});
  auto* to = out.data_ptr<float>();
  for (std::int64_t k = 0; k < c; ++k) {
    for (std::int64_t y = 0; y < w; ++y) {
      // Cells outside of the canvas repeat its border.
      const std::int64_t v = std::clamp(corner.y + y, inside.y0, inside.y1 - 1) - inside.y0;
      for (std::int64_t x = 0; x < w; ++x) {
        const std::int64_t u = std::clamp(corner.x + x, inside.x0, inside.x1 - 1) - inside.x0;
        const float value =
            cells[static_cast<std::size_t>((k * inside.height() + v) * inside.width() + u)];
        *to++ = std::isnan(value) ? glass_.latent[static_cast<std::size_t>(k)] : value;
      }
    }
  }
  return out * deviation_ + mean_;
}

void SlideDecoder::decode(WindowBatch& batch) {
  const InferenceThread inference;
  std::vector<at::Tensor> windows;
  for (const CellPoint corner : batch.corners) windows.push_back(read_window(corner));
  // Always a whole batch, so that a window's pixels don't depend on how many others there were.
  while (windows.size() < static_cast<std::size_t>(options_.batch))
    windows.push_back(windows.back());
  const at::Tensor latents = at::stack(windows);
  const BusyClock::Call call(clock_);
  batch.pixels = autoencoder_.decode(latents).contiguous();
  if (!at::isfinite(batch.pixels).all().item<bool>())
    throw UserError(
        fmt::format("decoding: pixels that are not finite in the windows from cell "
                    "{},{}; try --dtype float32",
                    batch.corners[0].x, batch.corners[0].y));
}

void SlideDecoder::add(const WindowBatch& batch) {
  const float* pixels = batch.pixels.data_ptr<float>();
  for (std::size_t k = 0; k < batch.corners.size(); ++k) {
    const std::int64_t left = batch.corners[k].x * factor_;
    const std::int64_t x0 = std::max<std::int64_t>(left, 0);
    const std::int64_t x1 = std::min(left + side_, size_.width);
    for (std::int64_t c = 0; c < 3; ++c) {
      for (std::int64_t v = 0; v < side_; ++v) {
        const float* from = pixels + ((static_cast<std::int64_t>(k) * 3 + c) * side_ + v) * side_;
        float* to = strip_.data() + (c * side_ + v) * size_.width;
        const float wy = ramp_[static_cast<std::size_t>(v)];
        for (std::int64_t x = x0; x < x1; ++x)
          to[x] += wy * ramp_[static_cast<std::size_t>(x - left)] * from[x - left];
      }
    }
  }
  decodes_ += static_cast<std::int64_t>(batch.corners.size());
}

void SlideDecoder::decode_band(std::int64_t band, const Progress& progress) {
  const std::int64_t columns = grid_.columns();
  std::int64_t i = 0;
  using Batch = std::shared_ptr<WindowBatch>;
  const auto gather = [&](tbb::flow_control& flow) -> Batch {
    // A band of a wide slide takes many seconds.
    if (progress.stop_requested()) throw Interrupted("stopped while decoding");
    auto batch = std::make_shared<WindowBatch>();
    for (; i < columns && batch->corners.size() < static_cast<std::size_t>(options_.batch); ++i) {
      const CellPoint corner{grid_.start(i), grid_.start(band)};
      if (!grid_.only_glass(glass_.field, corner)) batch->corners.push_back(corner);
    }
    if (batch->corners.empty()) flow.stop();
    return batch;
  };
  tbb::parallel_pipeline(
      static_cast<std::size_t>(options_.threads) + 1,
      tbb::make_filter<void, Batch>(tbb::filter_mode::serial_in_order, gather) &
          tbb::make_filter<Batch, Batch>(tbb::filter_mode::parallel,
                                         [&](Batch batch) {
                                           decode(*batch);
                                           return batch;
                                         }) &
          tbb::make_filter<Batch, void>(tbb::filter_mode::serial_in_order,
                                        [&](const Batch& batch) { add(*batch); }));
}

void SlideDecoder::read_glass(std::int64_t y0, std::int64_t y1) {
  // The cells of these rows of pixels and one row of cells above and below.
  glass_rows_ = intersect({0, y0 / factor_ - 1, grid_.cells().width, divide_up(y1, factor_) + 1},
                          CellRect::of(grid_.cells()));
  glass_weights_.resize(static_cast<std::size_t>(glass_rows_.area()));
  tbb::parallel_for(glass_rows_.y0, glass_rows_.y1, [&](std::int64_t y) {
    glass_.field.weights(grid_.on_canvas({0, y, glass_rows_.x1, y + 1}),
                         glass_weights_.data() + (y - glass_rows_.y0) * glass_rows_.x1);
  });
}

std::vector<float> SlideDecoder::glass_row(std::int64_t y) const {
  // Weights of the cells of one row of pixels, interpolated between the two rows of cells.
  const double at = (static_cast<double>(y) + 0.5) / static_cast<double>(factor_) - 0.5;
  const auto above = static_cast<std::int64_t>(std::floor(at));
  const auto share = static_cast<float>(at - std::floor(at));
  const auto row = [&](std::int64_t cell_y) {
    const std::int64_t v = std::clamp(cell_y, glass_rows_.y0, glass_rows_.y1 - 1);
    return glass_weights_.data() + (v - glass_rows_.y0) * glass_rows_.x1;
  };
  const float *upper = row(above), *lower = row(above + 1);
  std::vector<float> out(static_cast<std::size_t>(glass_rows_.x1));
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = upper[i] == lower[i] ? upper[i] : std::lerp(upper[i], lower[i], share);
  return out;
}

void SlideDecoder::emit_row(std::int64_t y, std::int64_t strip_row, std::uint8_t* out) const {
  const std::vector<float> weights = glass_row(y);
  const auto cells = static_cast<std::int64_t>(weights.size());
  const float* planes[3];
  for (std::int64_t c = 0; c < 3; ++c)
    planes[c] = strip_.data() + (c * side_ + strip_row) * size_.width;
  for (std::int64_t x = 0; x < size_.width; ++x, out += 3) {
    const float at = (static_cast<float>(x % factor_) + 0.5f) / static_cast<float>(factor_) - 0.5f;
    const std::int64_t cell = x / factor_;
    const std::int64_t other = std::clamp<std::int64_t>(cell + (at < 0 ? -1 : 1), 0, cells - 1);
    const float a = weights[static_cast<std::size_t>(cell)];
    const float b = weights[static_cast<std::size_t>(other)];
    const float glass = a == b ? a : std::lerp(a, b, std::abs(at));
    const std::uint8_t* bare = glass_.texture.at(x, y);
    for (int c = 0; c < 3; ++c) {
      const float pixel = std::clamp(planes[c][x], 0.0f, 1.0f) * 255.0f;
      // Exactly the texture where only glass is seen.
      out[c] = glass == 1.0f ? bare[c]
                             : static_cast<std::uint8_t>(
                                   std::lerp(pixel, static_cast<float>(bare[c]), glass) + 0.5f);
    }
  }
}

void SlideDecoder::emit(std::int64_t band, const RowSink& sink) {
  // Rows above the next band's first are complete.
  const std::int64_t top = grid_.start(band) * factor_;
  const std::int64_t y0 = std::max(top, options_.first_row);
  const std::int64_t y1 = std::min(top + stride_ * factor_, size_.height);
  if (y1 > y0) {
    read_glass(y0, y1);
    const std::ptrdiff_t stride = 3 * size_.width;
    std::vector<std::uint8_t> rows(static_cast<std::size_t>((y1 - y0) * stride));
    tbb::parallel_for(
        y0, y1, [&](std::int64_t y) { emit_row(y, y - top, rows.data() + (y - y0) * stride); });
    sink({rows.data(), {size_.width, y1 - y0}, 3, stride});
  }
  // Move what the next band adds to up, and clear the rest.
  const std::int64_t plane = side_ * size_.width, shift = stride_ * factor_ * size_.width;
  for (std::int64_t c = 0; c < 3; ++c) {
    const auto first = strip_.begin() + c * plane;
    std::fill(std::copy(first + shift, first + plane, first), first + plane, 0.0f);
  }
}

// The first band that the first row needs: the one that hands it out, or the one above where that
// fades into it. Bands further up only touch rows that are not wanted.
std::int64_t SlideDecoder::first_band() const {
  const std::int64_t fade = options_.overlap * factor_, step = stride_ * factor_;
  const std::int64_t band = (options_.first_row + fade) / step;
  const bool faded = options_.first_row < grid_.start(band) * factor_ + fade;
  return faded && band > 0 ? band - 1 : band;
}

void SlideDecoder::run(const RowSink& sink, Progress& progress, DecodeReport& report) {
  const DecodeReport before = report;
  const std::int64_t bands = options_.first_row < size_.height ? grid_.bands() : 0;
  progress.start_stage(options_.stage_name, size_.height, "rows");
  progress.update(options_.first_row);
  tbb::task_arena arena(options_.threads);
  arena.execute([&] {
    for (std::int64_t band = first_band(); band < bands; ++band) {
      decode_band(band, progress);
      report.decodes = before.decodes + decodes_;
      report.autoencoder_seconds = before.autoencoder_seconds + clock_.seconds();
      emit(band, sink);
      progress.update(
          std::clamp<std::int64_t>((grid_.start(band) + stride_) * factor_, 0, size_.height));
    }
  });
  progress.finish();
}

}  // namespace

std::vector<float> hann_window(int window, int overlap, int factor) {
  const auto side = static_cast<std::size_t>(window) * static_cast<std::size_t>(factor);
  const auto rise = static_cast<std::size_t>(overlap) * static_cast<std::size_t>(factor);
  std::vector<float> out(side, 1.0f);
  for (std::size_t i = 0; i < rise; ++i) {
    const double s =
        std::sin(std::numbers::pi / 2 * (static_cast<double>(i) + 0.5) / static_cast<double>(rise));
    const auto w = static_cast<float>(s * s);
    out[i] = w;
    out[side - rise + i] = 1.0f - w;
  }
  return out;
}

void decode_slide(const LatentSpaceSpec& space, Autoencoder& autoencoder,
                  const LatentArray& latents, const BareGlass& glass, PixelSize size,
                  const DecodeOptions& options, const RowSink& sink, Progress& progress,
                  DecodeReport& report) {
  check_internal(options.overlap >= 0 && 2 * options.overlap <= options.window &&
                     options.batch >= 1 && options.threads >= 1 && options.first_row >= 0,
                 "decode options out of range");
  SlideDecoder(space, autoencoder, latents, glass, size, options).run(sink, progress, report);
}

std::uint64_t decoding_memory(const LatentSpaceSpec& space, std::int64_t width,
                              const DecodeOptions& options) {
  const std::int64_t window = options.window, side = window * space.downsampling;
  const std::int64_t step = side - options.overlap * space.downsampling;
  const std::int64_t windows = (options.threads + 1) * options.batch *
                               (12 * side * side + 12 * space.channels * window * window);
  return static_cast<std::uint64_t>(12 * side * width + 3 * step * width + windows);
}

}  // namespace histoloom
