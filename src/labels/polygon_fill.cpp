#include "polygon_fill.h"

#include <algorithm>

namespace histoloom {

namespace {

constexpr std::int64_t kBand = 64;  // rows at once

std::vector<double> middles(std::int64_t cells, std::int64_t side, int factor) {
  std::vector<double> out;
  for (std::int64_t i = 0; i < cells; ++i)
    out.push_back(static_cast<double>(i * factor + std::min((i + 1) * factor, side)) / 2);
  return out;
}

// The first middle at or after a coordinate.
std::int64_t first_from(const std::vector<double>& middles, double at) {
  return std::lower_bound(middles.begin(), middles.end(), at) - middles.begin();
}

}  // namespace

PolygonFill::PolygonFill(LabelGrid& grid, PixelSize slide, int factor)
    : grid_(grid),
      middles_x_(middles(grid.size().width, slide.width, factor)),
      middles_y_(middles(grid.size().height, slide.height, factor)) {}

void PolygonFill::fill(const std::vector<SlideRing>& rings, LabelId id) {
  double top = 1e300, bottom = -1e300;
  for (const SlideRing& ring : rings)
    for (const SlidePoint p : ring) top = std::min(top, p.y), bottom = std::max(bottom, p.y);
  const std::int64_t last = first_from(middles_y_, bottom);
  for (std::int64_t row = first_from(middles_y_, top); row < last; row += kBand) {
    crossings_.clear();
    for (const SlideRing& ring : rings)
      for (std::size_t i = 0; i < ring.size(); ++i)
        cross(ring[i], ring[(i + 1) % ring.size()], row, std::min(row + kBand, last));
    std::sort(crossings_.begin(), crossings_.end());
    // Rings are closed, so each row is crossed an even number of times.
    for (std::size_t i = 0; i + 1 < crossings_.size(); i += 2)
      for (std::int64_t x = crossings_[i].column; x < crossings_[i + 1].column; ++x)
        grid_.at({x, crossings_[i].row}) = id;
  }
}

void PolygonFill::cross(SlidePoint a, SlidePoint b, std::int64_t first_row, std::int64_t last_row) {
  if (a.y > b.y) std::swap(a, b);
  const std::int64_t last = std::min(last_row, first_from(middles_y_, b.y));
  for (std::int64_t row = std::max(first_row, first_from(middles_y_, a.y)); row < last; ++row) {
    const double along = (middles_y_[static_cast<std::size_t>(row)] - a.y) / (b.y - a.y);
    crossings_.push_back({row, first_from(middles_x_, a.x + along * (b.x - a.x))});
  }
}

}  // namespace histoloom
