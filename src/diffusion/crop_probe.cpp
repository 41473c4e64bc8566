#include "histoloom/diffusion/crop_probe.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "crop_batch.h"
#include "histoloom/core/error.h"
#include "histoloom/networks/inference_thread.h"
#include "step.h"
#include "step_pass.h"

namespace histoloom {

namespace {

ValueRange range_of(const std::vector<float>& values) {
  ValueRange out;
  out.least = std::numeric_limits<float>::infinity();
  out.most = -std::numeric_limits<float>::infinity();
  out.values = static_cast<std::int64_t>(values.size());
  for (const float value : values) {
    if (!std::isfinite(value)) {
      ++out.not_finite;
      continue;
    }
    out.least = std::min(out.least, value);
    out.most = std::max(out.most, value);
    out.mean += static_cast<double>(value);
  }
  if (out.values > out.not_finite) out.mean /= static_cast<double>(out.values - out.not_finite);
  return out;
}

}  // namespace

CropProbe probe_crop(const DiffusionModel& model, Denoiser& denoiser, const Scene& scene,
                     const Sampling& sampling, const CanvasState& state, int step,
                     LatentPoint cell) {
  check_internal(step >= 0 && step < sampling.steps, "a step outside of the schedule");
  const std::vector<int> times = times_of(model.schedule, sampling);
  const int time = times[static_cast<std::size_t>(step)];
  CropProbe out;
  out.time = time;
  out.guided = is_guided(sampling, time, model.schedule.steps());
  out.tapered = step >= sampling.steps - sampling.tapered_steps;
  const SolverStep kernel =
      make_solver(sampling.solver, model.schedule, {times.begin(), times.end()}, sampling.eta,
                  model.clip.value_or(std::numeric_limits<double>::infinity()))
          ->step(step, false);
  CropEvaluator evaluator(model, denoiser, scene, sampling);
  const auto plan = plan_of_step(model, scene.labels.size(), sampling, step);
  const InferenceThread inference;
  for (CropData data; plan->next(data.crop); ++out.crop, data = {}) {
    const LatentRect patch = LatentRect::at(data.crop.corner, {model.patch, model.patch});
    if (!patch.contains(cell)) continue;
    evaluator.read_labels(data);
    out.painted = disown_known(data);
    const auto at = static_cast<std::size_t>((cell.y - patch.y0) * model.patch + cell.x - patch.x0);
    if (data.crop.owned[at] == 0) continue;
    out.corner = data.crop.corner;
    evaluator.read_state(data, step == 0 ? nullptr : state.y[static_cast<std::size_t>(step % 2)],
                         kernel);
    std::vector<CropData> group{std::move(data)};
    DenoiserCounters counters;
    evaluator.predict(group, time, out.guided, counters);
    out.y = range_of(group[0].y);
    out.prediction = range_of(group[0].prediction);
    Step at_step;
    at_step.index = step;
    at_step.time = time;
    at_step.solver = kernel;
    CellSolver(model, sampling).predict_x0(group[0], at_step);
    out.x0 = range_of(group[0].x0);
    return out;
  }
  throw UserError(
      fmt::format("cell {},{} is not painted in step {}: it lies outside of the canvas, "
                  "or is glass or kept",
                  cell.x, cell.y, step + 1));
}

}  // namespace histoloom
