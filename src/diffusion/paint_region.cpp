#include "histoloom/diffusion/paint_region.h"

#include <algorithm>
#include <limits>

#include "histoloom/core/error.h"
#include "step_pass.h"

namespace histoloom {

namespace {

LatentRect bounds_of(const LatentRect& a, const LatentRect& b) {
  return {std::min(a.x0, b.x0), std::min(a.y0, b.y0), std::max(a.x1, b.x1), std::max(a.y1, b.y1)};
}

}  // namespace

RegionCone region_cone(const DiffusionModel& model, LatentSize canvas, const Sampling& sampling,
                       const LatentRect& region) {
  check_internal(!region.size().empty() && LatentRect::of(canvas).contains(region),
                 "a region that lies outside of its canvas");
  const auto steps = static_cast<std::size_t>(sampling.steps);
  RegionCone out{std::vector<LatentRect>(steps), std::vector<std::int64_t>(steps, 0)};
  LatentRect wanted = region;
  for (std::size_t i = steps; i-- > 0;) {
    out.wanted[i] = wanted;
    LatentRect read = wanted;
    const auto plan = plan_of_step(model, canvas, sampling, static_cast<int>(i));
    for (Crop crop; plan->next(crop);) {
      if (!owns_any(crop, model.patch, out.wanted[i])) continue;
      ++out.crops[i];
      read = bounds_of(read, LatentRect::at(crop.corner, {model.patch, model.patch}));
    }
    wanted = read;
  }
  return out;
}

PaintResult paint_region(const DiffusionModel& model, Denoiser& denoiser, const Scene& scene,
                         const Sampling& sampling, const LatentRect& region, int threads,
                         const CanvasState& state, Progress& progress) {
  RunControl control;
  control.threads = threads;
  control.commit_seconds = std::numeric_limits<double>::infinity();
  control.wanted = region_cone(model, scene.labels.size(), sampling, region).wanted;
  return paint_latents(model, denoiser, scene, sampling, control, state, progress);
}

}  // namespace histoloom
