#include "histoloom/decode/forecast.h"

#include <tbb/parallel_pipeline.h>
#include <tbb/task_arena.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "histoloom/core/busy_clock.h"
#include "histoloom/model/inference_thread.h"

namespace histoloom {

namespace {

constexpr double kLongSeconds = 3;  // of a call that is not repeated to be timed

// As decode_slide() lays them; every `every`-th is looked at, drawn so that they don't lie in
// lines.
double count_windows(const ModelBundle& bundle, LatentSize canvas, const GlassField& glass,
                     PixelSize size, const DecodeOptions& o, std::int64_t to_count) {
  const LatentSize cells = latent_size_for(size, bundle.downsampling);
  const std::int64_t stride = o.window - o.overlap;
  const std::int64_t columns = divide_up(cells.width + o.overlap, stride);
  const std::int64_t bands = divide_up(cells.height + o.overlap, stride);
  const auto every = static_cast<std::uint64_t>(divide_up(columns * bands, to_count));
  double windows = 0;
  std::vector<float> weights;
  for (std::int64_t i = 0; i < columns * bands; ++i) {
    const std::uint64_t drawn = (static_cast<std::uint64_t>(i) + 1) * 0x9E3779B97F4A7C15u >> 32;
    if (every > 1 && drawn % every != 0) continue;
    // One cell around the window too: weights are interpolated between cells.
    const std::int64_t x = o.origin.x + i % columns * stride - o.overlap - 1;
    const std::int64_t y = o.origin.y + i / columns * stride - o.overlap - 1;
    const LatentRect rect =
        intersect({x, y, x + o.window + 2, y + o.window + 2}, LatentRect::of(canvas));
    weights.resize(static_cast<std::size_t>(rect.area()));
    glass.weights(rect, weights.data());
    if (std::any_of(weights.begin(), weights.end(), [](float w) { return w != 1.0f; }))
      windows += static_cast<double>(every);
  }
  return windows;
}

// Of a call, over how many run side by side.
double seconds_a_batch(const ModelBundle& bundle, Autoencoder& autoencoder,
                       const DecodeOptions& o) {
  const at::Tensor latents = torch::zeros({o.batch, bundle.latent_channels, o.window, o.window});
  const auto timed = [&] {
    BusyClock clock;
    int left = o.threads;
    tbb::task_arena arena(o.threads);
    arena.execute([&] {
      tbb::parallel_pipeline(static_cast<std::size_t>(o.threads),
                             tbb::make_filter<void, int>(tbb::filter_mode::serial_in_order,
                                                         [&](tbb::flow_control& flow) {
                                                           if (left == 0) flow.stop();
                                                           return left == 0 ? 0 : left--;
                                                         }) &
                                 tbb::make_filter<int, void>(tbb::filter_mode::parallel, [&](int) {
                                   const InferenceThread inference;
                                   const BusyClock::Call call(clock);
                                   autoencoder.decode(latents);
                                 }));
    });
    return clock.seconds() / o.threads;
  };
  // The first calls of a network take longer.
  const double first = timed();
  return first > kLongSeconds ? first : timed();
}

}  // namespace

DecodeForecast forecast_decoding(const ModelBundle& bundle, Autoencoder& autoencoder,
                                 LatentSize canvas, const GlassField& glass, PixelSize size,
                                 const DecodeOptions& options, std::int64_t windows_to_count) {
  DecodeForecast out;
  out.windows = count_windows(bundle, canvas, glass, size, options, windows_to_count);
  out.batches = std::ceil(out.windows / options.batch);
  if (out.batches > 0) out.seconds = out.batches * seconds_a_batch(bundle, autoencoder, options);
  return out;
}

}  // namespace histoloom
