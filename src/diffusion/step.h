// One step of the random-patch diffusion, and what it does to a cell.
#pragma once

#include "crop_batch.h"
#include "histoloom/core/noise.h"
#include "histoloom/store/latent_array.h"
#include "solver.h"

namespace histoloom {

struct Step {
  int index = 0;  // from 0
  int time = 0;   // of the schedule, before the step
  bool guided = false;
  bool tapered = false;
  DdimStep ddim;
  const LatentArray* source = nullptr;  // nullptr: the start, which is drawn, never stored
  LatentArray* target = nullptr;
};

// Advances cells by one solver step and writes them into the target generation. Any thread.
class CellSolver {
 public:
  CellSolver(const ModelBundle& bundle, const DiffusionOptions& options)
      : bundle_(bundle), options_(options), noise_(options.seed) {}

  // Turns the predictions of a crop into clean latents, not clipped.
  void predict_x0(CropWork& work, const Step& step) const;
  // Advances the cells whose `owned` flag is set, given their x0 in `prediction`, and writes them.
  void write_owned(CropWork& work, const Step& step) const;
  // The same for the cells of one row, `x0` and `y` being [channels, run.width()].
  void write_run(const LatentRect& run, const float* x0, float* y, const Step& step) const;

 private:
  // One cell; channels lie `stride` apart.
  void advance(LatentPoint cell, const float* x0, float* y, std::int64_t stride,
               const Step& step) const;

  const ModelBundle& bundle_;
  const DiffusionOptions& options_;
  CounterNoise noise_;
};

}  // namespace histoloom
