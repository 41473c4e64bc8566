// What decides the values that random-patch diffusion paints, besides model, labels and networks.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "histoloom/core/noise.h"
#include "histoloom/diffusion/patch_plan.h"
#include "histoloom/networks/noise_schedule.h"
#include "histoloom/store/latent_array.h"
#include "histoloom/vocabulary/sampler.h"

namespace histoloom {

// What the noise of a canvas is drawn for, so that canvases of one job never share noise.
struct CanvasNoise {
  NoiseDomain start, step, known;
};
inline constexpr CanvasNoise kImageNoise{NoiseDomain::image_start, NoiseDomain::image_step,
                                         NoiseDomain::image_known};
inline constexpr CanvasNoise kMaskNoise{NoiseDomain::mask_start, NoiseDomain::mask_step,
                                        NoiseDomain::mask_known};
inline constexpr CanvasNoise kCoarserMaskNoise{NoiseDomain::coarser_mask_start,
                                               NoiseDomain::coarser_mask_step,
                                               NoiseDomain::coarser_mask_known};

struct Sampling {
  int steps = 30;
  SolverKind solver = SolverKind::ddim;
  Spacing spacing = Spacing::time;  // how the steps lie in the schedule
  double eta = 0;                   // 0 follows the ODE, 1 the reverse SDE (ancestral)
  double guidance = 1;              // omega: (1 + omega)·conditional − omega·unconditional
  // Omega of what the denoiser sees of a coarser stage. Other than 0, a crop takes one more
  // evaluation, without that.
  double context_guidance = 0;
  // Share of the way from the clean latents of each step to those with the coarser stage's colours,
  // 0 to 1. Needs a scene with a context, and DiffusionModel::colours.
  double consistency = 0;
  std::array<double, 2> interval{0, 1};  // range of time / T in which guidance runs
  // Share of the schedule at which painting starts. Below 1 it starts from Scene::estimate under the
  // noise of that time.
  double begin = 1;
  PlanKind plan = PlanKind::shifted;
  int tapered_steps = 3;  // steps at the end whose crops overlap, at most all
  std::uint64_t seed = 0;
  CanvasNoise noise = kImageNoise;
  // Crops of a step in place of those of `plan`; every cell must be owned once.
  std::function<std::unique_ptr<PatchPlan>(int step)> crops;
  const LatentArray* start = nullptr;  // y_T in place of the one that the seed draws
};

// The noise of the canvas of a coarser stage; 0 is the coarsest.
CanvasNoise noise_of_stage(std::size_t stage);

// The times of the steps, descending; the last, -1, is clean.
std::vector<int> times_of(const NoiseSchedule& schedule, const Sampling& sampling);

// Whether guidance runs at `time` of a schedule of `steps`.
bool is_guided(const Sampling& sampling, int time, int steps);

}  // namespace histoloom
