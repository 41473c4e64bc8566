#include "step.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "histoloom/core/error.h"

namespace histoloom {

bool is_guided(const DiffusionOptions& options, int time, int steps) {
  const double share = (time + 1.0) / steps;
  return options.guidance != 0 && share >= options.interval[0] && share <= options.interval[1];
}

void CellSolver::predict_x0(CropWork& work, const Step& step) const {
  for (std::size_t i = 0; i < work.y.size(); ++i)
    work.prediction[i] = step.solver.x0(bundle_.prediction, work.y[i], work.prediction[i]);
}

void CellSolver::advance(LatentPoint cell, const float* before, float* x0, float* y,
                         std::int64_t stride, const Step& step) const {
  const int channels = bundle_.latent_channels;
  float noise[64] = {};  // a bundle has at most as many channels
  if (step.solver.noise_scale != 0)
    noise_.normals(options_.noise.step, cell.x, cell.y, static_cast<std::uint32_t>(step.index),
                   channels, 1, noise);
  for (std::int64_t c = 0; c < channels; ++c) {
    float& value = y[c * stride];
    float& clean = x0[c * stride];
    value = step.solver.advance(value, clean, before[c * stride], noise[c]);
    if (!std::isfinite(value))
      throw UserError(fmt::format(
          "painting: the denoiser gave a value that is not finite at cell {},{} in step {} of {}, "
          "seed {}; try --dtype float32",
          cell.x, cell.y, step.index + 1, options_.steps, options_.seed));
    clean = step.solver.clipped(clean);
  }
}

void CellSolver::advance_run(const LatentRect& run, float* x0, float* y, const Step& step) const {
  const std::int64_t width = run.width();
  std::vector<float> before(static_cast<std::size_t>(width * bundle_.latent_channels));
  if (step.x0_source != nullptr) step.x0_source->read(run, before.data());
  for (std::int64_t i = 0; i < width; ++i)
    advance({run.x0 + i, run.y0}, before.data() + i, x0 + i, y + i, width, step);
  step.target->write(run, y);
  if (step.x0_target != nullptr) step.x0_target->write(run, x0);
}

void CellSolver::write_owned(const CropWork& work, const Step& step) const {
  const std::int64_t p = bundle_.patch, plane = p * p;
  std::vector<float> x0, y;
  for (std::int64_t v = 0; v < p; ++v) {
    // Runs of owned cells: whole rows of a rectangle mostly, ragged for the random plan.
    const auto row = work.crop.owned.begin() + v * p;
    for (auto begin = std::find(row, row + p, 1); begin != row + p;) {
      const auto end = std::find(begin, row + p, 0);
      const std::int64_t first = begin - work.crop.owned.begin(), width = end - begin;
      x0.clear();
      y.clear();
      for (int c = 0; c < bundle_.latent_channels; ++c) {
        const std::int64_t at = c * plane + first;
        x0.insert(x0.end(), work.prediction.begin() + at, work.prediction.begin() + at + width);
        y.insert(y.end(), work.y.begin() + at, work.y.begin() + at + width);
      }
      advance_run(
          LatentRect::at({work.crop.corner.x + (begin - row), work.crop.corner.y + v}, {width, 1}),
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
      noise_.normals(options_.noise.start, run.x0 + i, run.y0, 0, bundle_.latent_channels,
                     run.width(), y.data() + i);
  }
  advance_run(run, x0.data(), y.data(), step);
}

}  // namespace histoloom
