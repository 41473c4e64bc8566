// What painting a canvas will take, told before it is painted.
//
// Crops are counted with the plans and the labels that paint_latents() will use, so on a canvas of
// ordinary size the numbers are those of its report. Of a canvas so large that counting would take
// more than seconds, crops are drawn, and those of the random plan are taken for as many more than
// the shifted plan's as they are on a smaller canvas.
//
// Example: 1028 × 1028 cells of tissue, patches of 32, ten steps with guidance of which three
// taper: 33² or 34² crops in a plain step, 43² in a tapered one, two evaluations each.
#pragma once

#include <cstdint>

#include "histoloom/diffusion/random_patch.h"

namespace histoloom {

// Of all steps together.
struct PaintForecast {
  double crops = 0, evaluations = 0, batches = 0;
  double seconds = 0;  // of the network
};

struct ForecastOptions {
  // Whether the cells that are unknown will have labels by then: a network that takes one
  // evaluation a label is taken for two labels a crop.
  bool labels_to_come = false;
  std::int64_t cells_to_count = std::int64_t{1} << 26;  // of crops; some five nanoseconds each
};

// Counts what paint_latents() would do, and runs a few batches of zeros to see how long one takes
// with `threads` side by side; no more than two a thread. `seconds` is as good as they are: a
// processor that slows down under a long load takes longer.
PaintForecast forecast_painting(const DiffusionModel& model, Denoiser& denoiser, const Scene& scene,
                                const Sampling& sampling, int threads,
                                const ForecastOptions& forecast = {});

}  // namespace histoloom
