// One step of the random-patch diffusion, and what it does to a cell.
#pragma once

#include "colour_pull.h"
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
  SolverStep solver;
  const LatentArray* source = nullptr;  // nullptr: the start, which is drawn, never stored
  LatentArray* target = nullptr;
  // The clean latents of the step before, clipped, and those of this one; null where not kept.
  const LatentArray* x0_source = nullptr;
  LatentArray* x0_target = nullptr;
};

// Advances cells by one solver step and writes them into the target latent buffer. Any thread.
class CellSolver {
 public:
  CellSolver(const DiffusionModel& model, const Sampling& sampling)
      : model_(model),
        sampling_(sampling),
        noise_(sampling.seed),
        pull_(model, sampling.consistency) {}

  // Turns the predictions of a crop into its x0, not clipped, pulled to the colours that it read.
  void predict_x0(CropData& data, const Step& step) const;
  // Advances the cells whose `owned` flag is set, given their x0, and writes them.
  void write_owned(const CropData& data, const Step& step) const;
  // Reads the cells of one row, advances and writes them; `x0` is [channels, run.width()].
  void write_run(const LatentRect& run, std::vector<float> x0, const Step& step) const;

 private:
  // One cell; channels lie `stride` apart. Turns x0 into what the next step finds as `before`.
  void advance(LatentPoint cell, const float* before, float* x0, float* y, std::int64_t stride,
               const Step& step) const;
  // The cells of one row, all [channels, run.width()].
  void advance_run(const LatentRect& run, float* x0, float* y, const Step& step) const;

  const DiffusionModel& model_;
  const Sampling& sampling_;
  CounterNoise noise_;
  ColourPull pull_;
};

}  // namespace histoloom
