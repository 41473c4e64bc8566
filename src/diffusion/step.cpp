#include "step.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "histoloom/core/error.h"

namespace histoloom {

CanvasNoise noise_of_stage(std::size_t stage) {
  const auto first = static_cast<std::uint32_t>(NoiseDomain::coarser_stages) +
                     3 * static_cast<std::uint32_t>(stage);
  return {NoiseDomain{first}, NoiseDomain{first + 1}, NoiseDomain{first + 2}};
}

std::vector<int> times_of(const NoiseSchedule& schedule, const Sampling& sampling) {
  return schedule.times(sampling.steps, sampling.spacing, sampling.begin);
}

bool is_guided(const Sampling& sampling, int time, int steps) {
  const double share = (time + 1.0) / steps;
  return (sampling.guidance != 0 || sampling.context_guidance != 0) &&
         share >= sampling.interval[0] && share <= sampling.interval[1];
}

void CellSolver::predict_x0(CropData& data, const Step& step) const {
  // In place: what a crop holds is what bounds the memory.
  data.x0 = std::move(data.prediction);
  for (std::size_t i = 0; i < data.y.size(); ++i)
    data.x0[i] = step.solver.x0(model_.prediction, data.y[i], data.x0[i]);
  if (!data.colours.empty()) pull_.apply(data.colours, data.x0);
}

void CellSolver::advance(LatentPoint cell, const float* before, float* x0, float* y,
                         std::int64_t stride, const Step& step) const {
  const int channels = model_.channels;
  std::array<float, kMaxChannels> noise{};
  if (step.solver.noise_scale != 0)
    noise_.normals(sampling_.noise.step, cell.x, cell.y, static_cast<std::uint32_t>(step.index),
                   channels, 1, noise.data());
  for (std::int64_t c = 0; c < channels; ++c) {
    float& value = y[c * stride];
    float& clean = x0[c * stride];
    value =
        step.solver.advance(value, clean, before[c * stride], noise[static_cast<std::size_t>(c)]);
    if (!std::isfinite(value))
      throw UserError(fmt::format(
          "painting {}: the denoiser gave a value that is not finite at cell {},{} in step {} of "
          "{}, seed {}; try --dtype float32",
          model_.name, cell.x, cell.y, step.index + 1, sampling_.steps, sampling_.seed));
    clean = step.solver.clipped(clean);
  }
}

void CellSolver::advance_run(const LatentRect& run, float* x0, float* y, const Step& step) const {
  const std::int64_t width = run.width();
  std::vector<float> before(static_cast<std::size_t>(width * model_.channels));
  if (step.x0_source != nullptr) step.x0_source->read(run, before.data());
  for (std::int64_t i = 0; i < width; ++i)
    advance({run.x0 + i, run.y0}, before.data() + i, x0 + i, y + i, width, step);
  step.target->write(run, y);
  if (step.x0_target != nullptr) step.x0_target->write(run, x0);
}

void CellSolver::write_owned(const CropData& data, const Step& step) const {
  const std::int64_t p = model_.patch, plane = p * p;
  std::vector<float> x0, y;
  for (std::int64_t v = 0; v < p; ++v) {
    // Runs of owned cells: whole rows of a rectangle mostly, ragged for the random plan.
    const auto row = data.crop.owned.begin() + v * p;
    for (auto begin = std::find(row, row + p, 1); begin != row + p;) {
      const auto end = std::find(begin, row + p, 0);
      const std::int64_t first = begin - data.crop.owned.begin(), width = end - begin;
      x0.clear();
      y.clear();
      for (int c = 0; c < model_.channels; ++c) {
        const std::int64_t at = c * plane + first;
        x0.insert(x0.end(), data.x0.begin() + at, data.x0.begin() + at + width);
        y.insert(y.end(), data.y.begin() + at, data.y.begin() + at + width);
      }
      advance_run(
          LatentRect::at({data.crop.corner.x + (begin - row), data.crop.corner.y + v}, {width, 1}),
          x0.data(), y.data(), step);
      begin = std::find(end, row + p, 1);
    }
  }
}

void CellSolver::write_run(const LatentRect& run, std::vector<float> x0, const Step& step) const {
  std::vector<float> y(x0.size());
  if (step.source != nullptr) {
    step.source->read(run, y.data());
  } else {
    for (std::int64_t i = 0; i < run.width(); ++i)
      noise_.normals(sampling_.noise.start, run.x0 + i, run.y0, 0, model_.channels, run.width(),
                     y.data() + i);
  }
  advance_run(run, x0.data(), y.data(), step);
}

}  // namespace histoloom
