// Random-patch diffusion (DiffInfinite, Aversa et al. 2023, section 4 and Algorithm 2), out of
// core.
//
// The state y_t of the whole latent canvas lies on disk in two generations. One step chooses crops
// that cover the canvas; each crop reads a patch of the state before the step and advances the
// cells that it owns by one solver step into the other generation. So crops of a step are
// independent of each other, of their order and of how they are batched.
//
//   canvas      all latent cells; at least one patch a side
//   crop        a patch that is read, and the cells of it that this crop writes
//   evaluation  one patch through the denoiser once
//   batch       the constant number of patches a call of the denoiser holds; the last is padded
//
// Noise comes from a counter: y_T of a cell, and what a step adds to it, depend on the seed, the
// cell and the step alone. y_T is never stored, it is drawn where the first step reads it.
//
// Known cells are never painted: glass, and those that the scene keeps, as inpainting does
// (DiffInfinite, section D). One with the clean latents z reads alpha_t·z + sigma_t·noise(cell), so
// that painted cells see it at their own noise level, and crops that own known cells only cost
// nothing.
//
// The last steps' seams would stay, so the last `tapered_steps` overlap their crops, average the
// prediction of x0 with weights that sum to one, derive epsilon from it and take one solver step a
// cell. They stream over the canvas with a strip of patch × width cells in memory.
//
// A step commits when it is done; a long one also commits parts of itself, so that little is lost
// with it. Parts don't change a value: a crop that is painted twice writes the same cells again.
//
// In memory: a few batches a thread, the store's cache, the strip of tapered steps, one bit a cell
// for the random plan.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "histoloom/core/noise.h"
#include "histoloom/core/progress.h"
#include "histoloom/diffusion/patch_plan.h"
#include "histoloom/diffusion/schedule.h"
#include "histoloom/labels/label_field.h"
#include "histoloom/model/bundle.h"
#include "histoloom/store/latent_array.h"

namespace histoloom {

enum class SolverKind { ddim, dpmpp };

// nullopt for a name that is neither ddim nor dpm++.
std::optional<SolverKind> parse_solver_kind(std::string_view name);
std::string_view name_of(SolverKind kind);

// The state on disk: two generations of y, and two of x0 where the solver keeps it (a step that is
// repeated after a kill must not read what it wrote); else null.
struct CanvasState {
  std::array<LatentArray*, 2> y{};
  std::array<LatentArray*, 2> x0{};
};

// Whether the solver needs the generations of x0.
bool keeps_x0(SolverKind kind);

// How far a job has come that lies on disk: whole steps, and so many crops of the step after them,
// in the plan's order.
struct PaintedPart {
  int steps = 0;
  std::int64_t crops = 0;
  bool operator==(const PaintedPart&) const = default;
};

// What the noise of a canvas is drawn for, so that canvases of one job never share noise.
struct CanvasNoise {
  NoiseDomain start, step, kept;
};
inline constexpr CanvasNoise kImageNoise{NoiseDomain::image_start, NoiseDomain::image_step,
                                         NoiseDomain::image_kept};
inline constexpr CanvasNoise kMaskNoise{NoiseDomain::mask_start, NoiseDomain::mask_step,
                                        NoiseDomain::mask_kept};

struct DiffusionOptions {
  int steps = 30;
  SolverKind solver = SolverKind::ddim;
  Spacing spacing = Spacing::time;       // of the steps
  double eta = 0;                        // 0 follows the ODE, 1 the reverse SDE (ancestral)
  double guidance = 1;                   // omega
  std::array<double, 2> interval{0, 1};  // of time / T in which guidance runs
  PlanKind plan = PlanKind::shifted;
  int tapered_steps = 3;  // the last ones, at most all of them
  std::uint64_t seed = 0;
  CanvasNoise noise = kImageNoise;
  int threads = 1;   // calls of the denoiser side by side
  PaintedPart done;  // of a resumed run: what is already committed
  // Crops of a step where they don't come from `plan`; every cell must be owned once.
  std::function<std::unique_ptr<PatchPlan>(int step)> crops;
  const LatentArray* start = nullptr;  // y_T where it is given, not drawn from the seed
  // Told what is committed: after each step, and within a step as often as this.
  std::function<void(PaintedPart)> committed = [](PaintedPart) {};
  double commit_seconds = 20;
};

struct StepCoverage {
  std::int64_t crops = 0;    // that were evaluated
  std::int64_t minimum = 0;  // disjoint patches that would cover the cells to be painted
  bool tapered = false;
};

struct DiffusionReport {
  std::int64_t evaluations = 0;         // patches through the denoiser, padding not counted
  std::int64_t padded_evaluations = 0;  // patches that only filled a batch
  std::int64_t batches = 0;
  double denoiser_seconds = 0;  // wall time with at least one call running
  double gflop_per_evaluation = 0;
  std::vector<StepCoverage> steps;
};

// What is painted: the labels of the canvas (every cell), and what stands for glass.
struct Scene {
  const LabelField& labels;
  LabelId unknown = 0;
  std::optional<LabelId> glass;
  std::vector<float> glass_latent;  // one normalised value a channel
  // Normalised latents of the cells that stay as they are, NaN in those that are painted; of the
  // labels' size. nullptr: nothing but glass is kept.
  const LatentArray* kept = nullptr;
};

// Paints the canvas into the generations; returns the index of the one of y that holds the result,
// normalised latents, kept ones included, NaN in glass. Throws Interrupted when the user stops it,
// and UserError for a value that is not finite (naming crop, step and seed).
int paint_latents(const ModelBundle& bundle, Denoiser& denoiser, const Scene& scene,
                  const DiffusionOptions& options, const CanvasState& state, Progress& progress,
                  DiffusionReport& report);

}  // namespace histoloom
