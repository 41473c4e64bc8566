#include "histoloom/decode/decode_forecast.h"

#include <ATen/ATen.h>
#include <tbb/parallel_pipeline.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <cmath>

#include "histoloom/core/busy_clock.h"
#include "histoloom/networks/inference_thread.h"
#include "window_grid.h"

namespace histoloom {

namespace {

constexpr double kLongCallSeconds = 3;  // of a call that is not repeated to be timed

// Every `every`-th window is looked at, drawn so that they don't lie in lines.
double count_windows(const WindowGrid& grid, const GlassField& glass, std::int64_t to_count) {
  const std::int64_t columns = grid.columns(), all = columns * grid.bands();
  const auto every = static_cast<std::uint64_t>(divide_up(all, to_count));
  double windows = 0;
  for (std::int64_t i = 0; i < all; ++i) {
    const std::uint64_t drawn = (static_cast<std::uint64_t>(i) + 1) * 0x9E3779B97F4A7C15u >> 32;
    if (every > 1 && drawn % every != 0) continue;
    if (!grid.only_glass(glass, {grid.start(i % columns), grid.start(i / columns)}))
      windows += static_cast<double>(every);
  }
  return windows;
}

// The windows of one call.
struct Call {
  std::int64_t batch = 0, window = 0;
  double cells() const { return static_cast<double>(batch) * static_cast<double>(window * window); }
};

// The largest call of at most so many cells; a window has at least eight of them a side.
Call call_within(Call call, double cells) {
  while (call.batch > 1 && call.cells() > cells) call.batch = divide_up(call.batch, 2);
  while (call.window > 8 && call.cells() > cells)
    call.window = std::max<std::int64_t>(8, call.window / 2);
  return call;
}

// Of a call, over how many run side by side.
double seconds_a_batch(const LatentSpaceSpec& space, Autoencoder& autoencoder,
                       const DecodeOptions& o, const Call& tried) {
  const at::Tensor latents = at::zeros({tried.batch, space.channels, tried.window, tried.window});
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
  return first > kLongCallSeconds ? first : timed();
}

}  // namespace

DecodeForecast forecast_decoding(const LatentSpaceSpec& space, Autoencoder& autoencoder,
                                 LatentSize canvas, const GlassField& glass, PixelSize size,
                                 const DecodeOptions& options, const DecodeForecastBounds& bounds) {
  DecodeForecast out;
  out.windows =
      count_windows(WindowGrid(size, space.downsampling, canvas, options), glass, bounds.windows);
  out.batches = std::ceil(out.windows / options.batch);
  if (out.batches == 0) return out;
  const Call whole{options.batch, options.window};
  const Call tried =
      call_within(whole, bounds.gflop / std::max(autoencoder.gflop_per_decoded_cell(), 1e-9));
  out.whole_batches = tried.cells() == whole.cells();
  out.seconds = out.batches * seconds_a_batch(space, autoencoder, options, tried) * whole.cells() /
                tried.cells();
  return out;
}

}  // namespace histoloom
