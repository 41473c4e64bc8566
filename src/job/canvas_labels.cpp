#include "canvas_labels.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "histoloom/core/sha256.h"

namespace histoloom {

namespace {

constexpr std::int64_t kReach = 4;  // cells from tissue at which glass is alone
constexpr float kFadeStart = 1.5f;

}  // namespace

template <class Space>
void BasicCanvasLabels<Space>::read(const LatentRect& rect, LabelId* out) const {
  const Size<Space> size = slide_.size();
  const Rect<Space> cells{rect.x0 - origin_.x, rect.y0 - origin_.y, rect.x1 - origin_.x,
                          rect.y1 - origin_.y};
  if (Rect<Space>::of(size).contains(cells)) return slide_.read(cells, out);
  // The part of the slide that the rectangle needs, then each cell from its nearest.
  const auto column = [&](std::int64_t x) {
    return std::clamp<std::int64_t>(x, 0, size.width - 1);
  };
  const auto row = [&](std::int64_t y) { return std::clamp<std::int64_t>(y, 0, size.height - 1); };
  const Rect<Space> part{column(cells.x0), row(cells.y0), column(cells.x1 - 1) + 1,
                         row(cells.y1 - 1) + 1};
  std::vector<LabelId> ids(static_cast<std::size_t>(part.area()));
  slide_.read(part, ids.data());
  for (std::int64_t y = cells.y0; y < cells.y1; ++y)
    for (std::int64_t x = cells.x0; x < cells.x1; ++x)
      *out++ =
          ids[static_cast<std::size_t>((row(y) - part.y0) * part.width() + column(x) - part.x0)];
}

template class BasicCanvasLabels<CellSpace>;
template class BasicCanvasLabels<MaskSpace>;

void LabelledGlass::weights(const LatentRect& rect, float* out) const {
  const LatentRect around =
      intersect({rect.x0 - kReach, rect.y0 - kReach, rect.x1 + kReach, rect.y1 + kReach},
                LatentRect::of(labels_.size()));
  std::vector<LabelId> ids(static_cast<std::size_t>(around.area()));
  labels_.read(around, ids.data());
  const auto is_tissue = [&](LabelId id) { return id != glass_; };
  if (std::none_of(ids.begin(), ids.end(), is_tissue)) {
    std::fill(out, out + rect.area(), 1.0f);
    return;
  }
  // The distance from the nearest tissue; only tissue's rim can be the nearest to a glass cell.
  const auto tissue_at = [&](std::int64_t x, std::int64_t y) {
    return is_tissue(
        ids[static_cast<std::size_t>((y - around.y0) * around.width() + x - around.x0)]);
  };
  const auto on_rim = [&](std::int64_t x, std::int64_t y) {
    return (x > around.x0 && !tissue_at(x - 1, y)) || (x + 1 < around.x1 && !tissue_at(x + 1, y)) ||
           (y > around.y0 && !tissue_at(x, y - 1)) || (y + 1 < around.y1 && !tissue_at(x, y + 1));
  };
  std::vector<float> distance(static_cast<std::size_t>(rect.area()), static_cast<float>(kReach));
  for (std::int64_t y = around.y0; y < around.y1; ++y) {
    for (std::int64_t x = around.x0; x < around.x1; ++x) {
      if (!tissue_at(x, y)) continue;
      const std::int64_t reach = on_rim(x, y) ? kReach : 0;
      const LatentRect near = intersect({x - reach, y - reach, x + reach + 1, y + reach + 1}, rect);
      for (std::int64_t v = near.y0; v < near.y1; ++v) {
        for (std::int64_t u = near.x0; u < near.x1; ++u) {
          float& d = distance[static_cast<std::size_t>((v - rect.y0) * rect.width() + u - rect.x0)];
          d = std::min(d, std::hypot(static_cast<float>(u - x), static_cast<float>(v - y)));
        }
      }
    }
  }
  for (std::size_t i = 0; i < distance.size(); ++i)
    out[i] = std::clamp((distance[i] - kFadeStart) / (static_cast<float>(kReach) - kFadeStart),
                        0.0f, 1.0f);
}

std::string sha256_of(const LabelField& labels) {
  const CellSize size = labels.size();
  Sha256 sum;
  const std::int64_t shape[2] = {size.width, size.height};
  sum.add(shape, sizeof shape);
  std::vector<LabelId> row(static_cast<std::size_t>(size.width));
  for (std::int64_t y = 0; y < size.height; ++y) {
    labels.read({0, y, size.width, y + 1}, row.data());
    sum.add(row.data(), row.size());
  }
  return sum.hex();
}

}  // namespace histoloom
