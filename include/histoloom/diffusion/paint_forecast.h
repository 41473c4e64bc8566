// What painting a canvas will take, told before it is painted.
//
// Crops are counted with the plans and the labels that paint_latents() will use. So on a canvas of
// ordinary size the numbers are those of the painting's report. If counting would take more than
// seconds, only a sample of the crops is counted. The random plan's crops are then the shifted
// plan's times their ratio on a smaller canvas.
//
// Example: 1028 × 1028 cells of tissue, patches of 32, ten steps with guidance of which three
// taper. A plain step takes 33² or 34² crops, a tapered one 43², with two evaluations each.
#pragma once

#include <cstdint>

#include "histoloom/diffusion/random_patch.h"

namespace histoloom {

// Sums over all steps.
struct PaintForecast {
  double crops = 0, evaluations = 0, batches = 0;
  double seconds = 0;  // time of the network's calls
  // Whether whole batches were run to tell the time; if not, smaller ones, or none at all.
  bool whole_batches = true;

  // Adds what another painting with the same network takes.
  void add(const PaintForecast& other);
};

struct ForecastOptions {
  // Whether the unknown cells will have labels by then. If so, a network that takes one evaluation
  // a label is counted with two labels a crop.
  bool labels_to_come = false;
  std::int64_t cells_to_count = std::int64_t{1} << 26;  // most cells to count, some 5 ns each
  double gflop_to_run = 400;  // most GFLOP of a batch that is run, a few seconds a thread
};

// Counts what paint_latents() would do. Runs a few batches of zeros, `threads` side by side and no
// more than two a thread, to see how long one takes. `seconds` is as good as these batches: a
// processor that slows down under a long load takes longer. Of a batch that is too large a part is
// run; if one evaluation is, none is, and `seconds` is 0.
PaintForecast forecast_painting(const DiffusionModel& model, Denoiser& denoiser, const Scene& scene,
                                const Sampling& sampling, int threads,
                                const ForecastOptions& forecast = {});

}  // namespace histoloom
