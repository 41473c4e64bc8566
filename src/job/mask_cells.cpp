#include "mask_cells.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace histoloom {

namespace {

// What a finer cell takes of the cell in which it lies and of those before and after it.
struct SplineTaps {
  std::int64_t cell;
  std::array<float, 3> weights;
};

SplineTaps taps_of(std::int64_t finer, std::int64_t factor) {
  const float t = (static_cast<float>(finer % factor) + 0.5f) / static_cast<float>(factor) - 0.5f;
  return {finer / factor,
          {0.5f * (0.5f - t) * (0.5f - t), 0.75f - t * t, 0.5f * (0.5f + t) * (0.5f + t)}};
}

}  // namespace

void MaskConditions::read(const MaskRect& rect, LabelId* out) const {
  const CellRect cells =
      intersect({rect.x0 * factor_, rect.y0 * factor_, rect.x1 * factor_, rect.y1 * factor_},
                CellRect::of(outline_.size()));
  std::vector<LabelId> ids(static_cast<std::size_t>(cells.area()));
  outline_.read(cells, ids.data());
  std::fill_n(out, rect.area(), beyond_);
  for (std::int64_t y = 0; y < cells.height(); ++y)
    for (std::int64_t x = 0; x < cells.width(); ++x)
      if (ids[static_cast<std::size_t>(y * cells.width() + x)] == unknown_)
        out[y / factor_ * rect.width() + x / factor_] = condition_;
}

EnlargedCanvas::EnlargedCanvas(const LatentArray& canvas, std::int64_t factor,
                               const LatentRect& finer)
    : factor_(factor),
      finer_(finer),
      cells_(intersect({finer.x0 / factor - 1, finer.y0 / factor - 1,
                        divide_up(finer.x1, factor) + 1, divide_up(finer.y1, factor) + 1},
                       LatentRect::of(canvas.size()))),
      values_(static_cast<std::size_t>(cells_.area() * canvas.channels())) {
  canvas.read(cells_, values_.data());
  // Where nothing was painted there is no number; glass is 0.
  for (float& value : values_)
    if (std::isnan(value)) value = 0;
}

std::vector<float> EnlargedCanvas::channel(std::int64_t channel) const {
  const float* values = values_.data() + channel * cells_.area();
  std::vector<float> out(static_cast<std::size_t>(finer_.area()));
  std::vector<float> row(static_cast<std::size_t>(cells_.width()));
  for (std::int64_t y = finer_.y0; y < finer_.y1; ++y) {
    const SplineTaps down = taps_of(y, factor_);
    std::fill(row.begin(), row.end(), 0.0f);
    for (std::int64_t k = 0; k < 3; ++k) {
      const float* from =
          values +
          (std::clamp(down.cell + k - 1, cells_.y0, cells_.y1 - 1) - cells_.y0) * cells_.width();
      for (std::size_t i = 0; i < row.size(); ++i)
        row[i] += down.weights[static_cast<std::size_t>(k)] * from[i];
    }
    float* to = out.data() + (y - finer_.y0) * finer_.width();
    for (std::int64_t x = finer_.x0; x < finer_.x1; ++x) {
      const SplineTaps across = taps_of(x, factor_);
      float sum = 0;
      for (std::int64_t k = 0; k < 3; ++k)
        sum += across.weights[static_cast<std::size_t>(k)] *
               row[static_cast<std::size_t>(
                   std::clamp(across.cell + k - 1, cells_.x0, cells_.x1 - 1) - cells_.x0)];
      to[x - finer_.x0] = sum;
    }
  }
  return out;
}

void EnlargedMask::read(const LatentRect& rect, float* out) const {
  const EnlargedCanvas enlarged(canvas_, factor_, rect);
  for (std::int64_t c = 0; c < canvas_.channels(); ++c) {
    const std::vector<float> values = enlarged.channel(c);
    out = std::copy(values.begin(), values.end(), out);
  }
}

void PaintedLabels::read(const CellRect& rect, LabelId* out) const {
  outline_->read(rect, out);
  if (std::find(out, out + rect.area(), unknown_) == out + rect.area()) return;
  const std::vector<LabelId> painted = classes_of(rect);
  for (std::size_t i = 0; i < painted.size(); ++i)
    if (out[i] == unknown_) out[i] = painted[i];
}

std::vector<LabelId> PaintedLabels::classes_of(const CellRect& rect) const {
  const EnlargedCanvas enlarged(canvas_, factor_, rect);
  std::vector<LabelId> out(static_cast<std::size_t>(rect.area()), classes_[0]);
  std::vector<float> most = enlarged.channel(0);
  for (std::size_t c = 1; c < classes_.size(); ++c) {
    const std::vector<float> values = enlarged.channel(static_cast<std::int64_t>(c));
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (!(values[i] > most[i])) continue;
      most[i] = values[i];
      out[i] = classes_[c];
    }
  }
  return out;
}

}  // namespace histoloom
