#include "step_pass.h"

#include <algorithm>

namespace histoloom {

std::unique_ptr<PatchPlan> plan_of_step(const DiffusionModel& model, LatentSize canvas,
                                        const Sampling& sampling, int step) {
  if (step >= sampling.steps - sampling.tapered_steps)
    return std::make_unique<TaperedPlan>(canvas, model.patch);
  if (sampling.crops) return sampling.crops(step);
  return make_plan(sampling.plan, canvas, model.patch, sampling.seed, step);
}

bool owns_any(const Crop& crop, int patch, const LatentRect& rect) {
  const LatentRect square = LatentRect::at(crop.corner, {patch, patch});
  const LatentRect both = intersect(square, rect);
  for (std::int64_t y = both.y0; y < both.y1; ++y) {
    const auto row = crop.owned.begin() + (y - square.y0) * patch;
    if (std::find(row + (both.x0 - square.x0), row + (both.x1 - square.x0), 1) !=
        row + (both.x1 - square.x0))
      return true;
  }
  return false;
}

bool PlainPass::next(Crop& crop) {
  while (plan_->next(crop))
    if (owns_any(crop, patch_, wanted_)) return true;
  return false;
}

bool TaperedPass::next(Crop& crop) {
  while (plan_.next(crop))
    if (owns_any(crop, patch_, wanted_)) return true;
  return false;
}

std::int64_t PlainPass::collect(const CropData& data) {
  return std::count(data.crop.owned.begin(), data.crop.owned.end(), 1);
}

}  // namespace histoloom
