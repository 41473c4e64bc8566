#include "step.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "histoloom/core/error.h"

namespace histoloom {

void CellSolver::predict_x0(CropWork& work, const Step& step) const {
  for (std::size_t i = 0; i < work.y.size(); ++i)
    work.prediction[i] = step.ddim.x0(bundle_.prediction, work.y[i], work.prediction[i]);
}

void CellSolver::advance(LatentPoint cell, const float* x0, float* y, std::int64_t stride,
                         const Step& step) const {
  const int channels = bundle_.latent_channels;
  float noise[64] = {};  // a bundle has at most as many channels
  if (step.ddim.noise_scale != 0)
    noise_.normals(NoiseDomain::image_step, cell.x, cell.y, static_cast<std::uint32_t>(step.index),
                   channels, 1, noise);
  for (int c = 0; c < channels; ++c) {
    float& value = y[c * stride];
    value = step.ddim.advance(value, x0[c * stride], noise[c]);
    if (!std::isfinite(value))
      throw UserError(fmt::format(
          "painting: the denoiser gave a value that is not finite at cell {},{} in step {} of {}, "
          "seed {}; try --dtype float32",
          cell.x, cell.y, step.index + 1, options_.steps, options_.seed));
  }
}

void CellSolver::write_owned(CropWork& work, const Step& step) const {
  const std::int64_t p = bundle_.patch, plane = p * p;
  std::vector<float> run;
  for (std::int64_t v = 0; v < p; ++v) {
    // Runs of owned cells: whole rows of a rectangle mostly, ragged for the random plan.
    const auto row = work.crop.owned.begin() + v * p;
    for (auto begin = std::find(row, row + p, 1); begin != row + p;) {
      const auto end = std::find(begin, row + p, 0);
      run.clear();
      for (std::int64_t i = begin - work.crop.owned.begin(); i < end - work.crop.owned.begin(); ++i)
        advance({work.crop.corner.x + i % p, work.crop.corner.y + v},
                &work.prediction[static_cast<std::size_t>(i)], &work.y[static_cast<std::size_t>(i)],
                plane, step);
      for (int c = 0; c < bundle_.latent_channels; ++c) {
        const auto first = work.y.begin() + c * plane;
        run.insert(run.end(), first + (begin - work.crop.owned.begin()),
                   first + (end - work.crop.owned.begin()));
      }
      step.target->write(
          LatentRect::at({work.crop.corner.x + (begin - row), work.crop.corner.y + v},
                         {end - begin, 1}),
          run.data());
      begin = std::find(end, row + p, 1);
    }
  }
}

void CellSolver::write_run(const LatentRect& run, const float* x0, float* y,
                           const Step& step) const {
  if (step.source != nullptr) step.source->read(run, y);
  for (std::int64_t i = 0; i < run.width(); ++i) {
    const LatentPoint cell{run.x0 + i, run.y0};
    if (step.source == nullptr)
      noise_.normals(NoiseDomain::image_start, cell.x, cell.y, 0, bundle_.latent_channels,
                     run.width(), y + i);
    advance(cell, x0 + i, y + i, run.width(), step);
  }
  step.target->write(run, y);
}

}  // namespace histoloom
