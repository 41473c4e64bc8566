// Solvers: how a cell goes from one time of the schedule to the next.
//
// All of them are linear in what they see of a cell, so that one transition is six numbers, the
// same for every cell (SolverStep), and a solver is what makes these numbers (Solver).
#pragma once

#include <algorithm>
#include <limits>
#include <memory>
#include <vector>

#include "histoloom/networks/noise_schedule.h"
#include "histoloom/networks/prediction.h"
#include "histoloom/vocabulary/sampler.h"

namespace histoloom {

// One transition of a cell, from a noisy latent y and its predicted clean latent x0:
//   y' = x0_scale·clip(x0) + before_scale·x0_before + residual_scale·(y − removed·x0)
//        + noise_scale·noise
// where x0_before is clip(x0) of the step before.
struct SolverStep {
  // The clean latent that a prediction stands for, given the noisy one; not clipped.
  float x0(Prediction kind, float y, float prediction) const {
    return clean_of(kind, y, prediction, alpha, sigma);
  }
  float clipped(float x0) const { return std::clamp(x0, -clip, clip); }
  // `x0` not clipped. Not finite where y or x0 isn't.
  float advance(float y, float x0, float before, float noise) const {
    const float history = before_scale == 0 ? 0 : before_scale * before;
    return x0_scale * clipped(x0) + history + residual_scale * (y - removed * x0) +
           noise_scale * noise;
  }

  float alpha = 1, sigma = 0;  // before the step
  float clip = std::numeric_limits<float>::infinity();
  float x0_scale = 0, before_scale = 0, residual_scale = 0, removed = 0, noise_scale = 0;
};

class Solver {
 public:
  virtual ~Solver() = default;
  // Whether steps after the first read x0_before, so that it must be kept.
  virtual bool keeps_x0() const = 0;
  // Transition `index`, from times[index] to times[index + 1]. `history`: x0_before may be used,
  // because the step before it was predicted in the same way (false for the first step).
  virtual SolverStep step(int index, bool history) const = 0;
};

// `times` descend; -1 is clean and may only come last. `eta`: 0 follows the probability-flow ODE, 1
// the reverse SDE. `clip` bounds |x0|; infinity where a model wants no bound.
//
//  ddim   Song et al. 2021, eq. 12. Epsilon is the network's own, not that of the clipped x0, as in
//         DiffInfinite's code, whose numbers are reproduced:
//           y' = alpha'·clip(x0) + sqrt(sigma'² − n²)·(y − alpha·x0) / sigma + n·noise,
//           n = eta·sigma'/sigma·sqrt(1 − alpha²/alpha'²).
//  dpmpp  DPM-Solver++(2M) (Lu et al. 2022, algorithm 2) with lambda = log(alpha/sigma) and
//         h = lambda' − lambda:
//           y' = sigma'/sigma·exp(−eta·h)·y + alpha'·(1 − exp(−h − eta·h))·D
//                + sigma'·sqrt(1 − exp(−2·eta·h))·noise,
//           D = x0 + (x0 − x0_before)·h / (2·h_before),  D = x0 without history.
//         Without history and with eta 1 or 0 this is DDIM. To a clean latent h is infinite and
//         the step is of first order: y' = x0.
std::unique_ptr<Solver> make_solver(SolverKind kind, const NoiseSchedule& schedule,
                                    std::vector<double> times, double eta, double clip);

}  // namespace histoloom
