// A region of a canvas painted by itself, with the same bits that it has in the whole canvas.
//
// What a cell holds after the last step depends on the crops of that step that advance it. Those
// read patches, whose cells depend on crops of the step before, and so on. So the cells that count
// are a cone, which grows by up to a patch a step. Crops outside of the cone are never evaluated.
//
// Cost: with patches of p cells and disjoint crops, a region of w × h cells takes at most
//
//   (w/p + 2·k + 2)·(h/p + 2·k + 2)   crops in the step that is the k-th from the end, k = 0, 1, …
//
// and 16/9 of that if the step tapers, cut off at the canvas. Ten steps of a region of a patch take
// some 1,500 crops, of a canvas of 5,168 × 5,168 cells 300,000.
#pragma once

#include <cstdint>
#include <vector>

#include "histoloom/diffusion/random_patch.h"

namespace histoloom {

struct RegionCone {
  std::vector<LatentRect>
      wanted;  // cells that are wanted after each step; the last holds the region
  std::vector<std::int64_t> crops;  // crops that own a cell of them, known cells counted
};

// The cone of `region`, which lies on the canvas. Walks the plans of all steps.
RegionCone region_cone(const DiffusionModel& model, LatentSize canvas, const Sampling& sampling,
                       const LatentRect& region);

// Paints a region: its latents are in the buffer that the result names, other cells hold nothing of
// use. `state` holds arrays of the whole canvas, of which only chunks of the cone are written. Throws
// as paint_latents().
PaintResult paint_region(const DiffusionModel& model, Denoiser& denoiser, const Scene& scene,
                         const Sampling& sampling, const LatentRect& region, int threads,
                         const CanvasState& state, Progress& progress);

}  // namespace histoloom
