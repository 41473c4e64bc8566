// Random-patch diffusion (DiffInfinite, Aversa et al. 2023, section 4 and Algorithm 2), out of
// core.
//
// The state y_t of the whole canvas lies on disk in two latent buffers. One step chooses crops that
// cover the canvas. Each crop reads a patch of one buffer, advances the cells that it owns by one
// solver step and writes them to the other. So crops of a step are independent of each other, of
// their order and of how they are batched.
//
//   canvas      all latent cells; at least one patch a side
//   crop        a patch that is read, and the cells of it that this crop writes
//   evaluation  one patch through the denoiser once
//   batch       the constant number of patches a call of the denoiser holds; the last is padded
//
// Noise comes from a counter: y_T of a cell, and what a step adds, depend on the seed, the cell and
// the step alone. y_T is never stored; it is drawn when the first step reads it.
//
// The last steps' seams would stay, so the crops of the last `tapered_steps` overlap. A tapered
// step averages the prediction of x0 with weights that sum to one, derives epsilon from it and
// takes one solver step a cell. Tapered steps stream over the canvas with a strip of patch ×
// width cells in memory.
//
// A step commits when it is done; a long one also commits parts of itself, so that a kill loses
// little. Parts don't change a value: a crop that is painted twice writes the same cells again.
//
// In memory: a few batches a thread, the store's cache, the strip of tapered steps, one bit a cell
// for the random plan.
#pragma once

#include <functional>
#include <vector>

#include "histoloom/core/progress.h"
#include "histoloom/diffusion/canvas_state.h"
#include "histoloom/diffusion/diffusion_report.h"
#include "histoloom/diffusion/sampling.h"
#include "histoloom/diffusion/scene.h"
#include "histoloom/networks/denoiser.h"
#include "histoloom/networks/diffusion_model.h"

namespace histoloom {

// How a canvas is painted, which changes no value.
struct RunControl {
  int threads = 1;        // calls of the denoiser side by side
  PaintedPart done = {};  // what earlier runs have committed
  // Takes what is committed: after each step, and within a step every `commit_seconds`.
  std::function<void(PaintedPart, const DiffusionReport&)> committed =
      [](PaintedPart, const DiffusionReport&) {};
  double commit_seconds = 20;
  // The cells that are wanted after each step, of region_cone(); empty: all cells. Crops
  // that advance none of them are left out, so that other cells hold nothing of use.
  std::vector<LatentRect> wanted = {};
};

struct PaintResult {
  // The latent buffer of y that holds the result: normalised latents, kept ones included, NaN in
  // glass.
  LatentArray* latents = nullptr;
  DiffusionReport report;  // report of this run
};

// Paints the canvas into the latent buffers. Throws Interrupted when the user stops the run.
// \error UserError for a value that is not finite, naming crop, step and seed.
PaintResult paint_latents(const DiffusionModel& model, Denoiser& denoiser, const Scene& scene,
                          const Sampling& sampling, const RunControl& control,
                          const CanvasState& state, Progress& progress);

// Bytes that paint_latents() holds at most, besides the store's cache and the network, on a canvas
// of this size.
std::uint64_t painting_memory(const DiffusionModel& model, LatentSize canvas,
                              const Sampling& sampling, int threads);

}  // namespace histoloom
