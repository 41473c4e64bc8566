#include "tapered_strip.h"

#include <algorithm>

namespace histoloom {

namespace {

// Cells that neighbouring patches share at least: enough to hide a seam, at 1.8 times the crops.
int overlap_of(int patch) { return std::max(1, patch / 4); }

std::size_t index_of(const std::vector<std::int64_t>& starts, std::int64_t start) {
  return static_cast<std::size_t>(std::lower_bound(starts.begin(), starts.end(), start) -
                                  starts.begin());
}

}  // namespace

TaperedStrip::TaperedStrip(const ModelBundle& bundle, const LabelField& labels,
                           std::optional<LabelId> glass, const CellSolver& solver, const Step& step)
    : bundle_(bundle),
      labels_(labels),
      glass_(glass),
      solver_(solver),
      step_(step),
      canvas_(labels.size()),
      xs_(make_tapered_axis(canvas_.width, bundle.patch, overlap_of(bundle.patch))),
      ys_(make_tapered_axis(canvas_.height, bundle.patch, overlap_of(bundle.patch))),
      sum_(static_cast<std::size_t>(bundle.latent_channels * bundle.patch * canvas_.width)) {}

bool TaperedStrip::next(Crop& crop) {
  const std::size_t columns = xs_.starts.size();
  if (at_ == columns * ys_.starts.size()) return false;
  crop.corner = {xs_.starts[at_ % columns], ys_.starts[at_ / columns]};
  crop.owned.assign(
      static_cast<std::size_t>(bundle_.patch) * static_cast<std::size_t>(bundle_.patch), 1);
  ++at_;
  return true;
}

std::int64_t TaperedStrip::add(const CropWork& work) {
  const std::int64_t written = write_rows_above(work.crop.corner.y);
  const std::int64_t p = bundle_.patch;
  const auto& wx = xs_.weights[index_of(xs_.starts, work.crop.corner.x)];
  const auto& wy = ys_.weights[index_of(ys_.starts, work.crop.corner.y)];
  const float* from = work.prediction.data();
  for (std::int64_t c = 0; c < bundle_.latent_channels; ++c) {
    for (std::int64_t v = 0; v < p; ++v, from += p) {
      float* to = sum_.data() + (c * p + v) * canvas_.width + work.crop.corner.x;
      for (std::int64_t u = 0; u < p; ++u)
        to[u] += wy[static_cast<std::size_t>(v)] * wx[static_cast<std::size_t>(u)] * from[u];
    }
  }
  return written;
}

std::int64_t TaperedStrip::finish() { return write_rows_above(canvas_.height); }

std::int64_t TaperedStrip::write_rows_above(std::int64_t y) {
  std::int64_t written = 0;
  const std::int64_t p = bundle_.patch;
  while (top_ < y) {
    // Crops of glass are left out, so the next may lie more than a strip below.
    const std::int64_t rows = std::min(y - top_, p);
    for (std::int64_t v = 0; v < rows; ++v) written += write_row(top_ + v);
    const std::int64_t plane = p * canvas_.width, shift = rows * canvas_.width;
    for (std::int64_t c = 0; c < bundle_.latent_channels; ++c) {
      const auto first = sum_.begin() + c * plane;
      std::fill(std::copy(first + shift, first + plane, first), first + plane, 0.0f);
    }
    top_ += rows;
    // The strip was shifted, so the rows to come start at its top again.
  }
  return written;
}

std::int64_t TaperedStrip::write_row(std::int64_t y) const {
  const auto channels = static_cast<std::size_t>(bundle_.latent_channels);
  const std::int64_t plane = bundle_.patch * canvas_.width;
  std::vector<LabelId> ids(static_cast<std::size_t>(canvas_.width));
  labels_.read({0, y, canvas_.width, y + 1}, ids.data());
  const auto is_glass = [&](LabelId id) { return glass_ && id == *glass_; };
  std::int64_t written = 0;
  for (auto begin = std::find_if_not(ids.begin(), ids.end(), is_glass); begin != ids.end();) {
    const auto end = std::find_if(begin, ids.end(), is_glass);
    const LatentRect run{begin - ids.begin(), y, end - ids.begin(), y + 1};
    std::vector<float> x0;
    for (std::size_t c = 0; c < channels; ++c) {
      const auto first =
          sum_.begin() + static_cast<std::int64_t>(c) * plane + (y - top_) * canvas_.width + run.x0;
      x0.insert(x0.end(), first, first + run.width());
    }
    solver_.write_run(run, std::move(x0), step_);
    written += run.width();
    begin = std::find_if_not(end, ids.end(), is_glass);
  }
  return written;
}

}  // namespace histoloom
