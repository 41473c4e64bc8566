#include "histoloom/labels/pixel_region.h"

#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "geojson_reader.h"
#include "histoloom/core/error.h"
#include "polygon_fill.h"

namespace histoloom {

PixelRegion PixelRegion::rectangle(const PixelRect& rect) {
  const auto x0 = static_cast<double>(rect.x0), x1 = static_cast<double>(rect.x1);
  const auto y0 = static_cast<double>(rect.y0), y1 = static_cast<double>(rect.y1);
  PixelRegion region;
  region.polygons_ = {{{{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}}}};
  return region;
}

PixelRegion PixelRegion::read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw UserError(fmt::format("{}: can't be read; check the path", path.string()));
  PixelRegion region;
  read_geojson(in, path.string(), [&](const DrawnAnnotation& annotation) {
    for (const auto& rings : annotation.polygons) {
      Polygon& polygon = region.polygons_.emplace_back();
      for (const SlideRing& ring : rings) {
        auto& places = polygon.emplace_back();
        for (const SlidePoint& point : ring) places.push_back({point.x, point.y});
      }
    }
  });
  if (region.polygons_.empty())
    throw UserError(fmt::format("{}: holds no polygon; draw the region in it", path.string()));
  return region;
}

PixelRect PixelRegion::box() const {
  constexpr double kFar = std::numeric_limits<double>::infinity();
  Place low{kFar, kFar}, high{-kFar, -kFar};
  for (const Polygon& polygon : polygons_)
    for (const auto& ring : polygon)
      for (const Place& p : ring) {
        low = {std::min(low.x, p.x), std::min(low.y, p.y)};
        high = {std::max(high.x, p.x), std::max(high.y, p.y)};
      }
  return {std::llround(std::floor(low.x)), std::llround(std::floor(low.y)),
          std::llround(std::ceil(high.x)), std::llround(std::ceil(high.y))};
}

std::vector<std::uint8_t> PixelRegion::inside(const PixelRect& rect) const {
  // Pixels are cells of one pixel here.
  LabelGrid grid({rect.width(), rect.height()}, 0);
  PolygonFill fill(grid, rect.size(), 1);
  for (const Polygon& polygon : polygons_) {
    std::vector<SlideRing> rings;
    for (const auto& places : polygon) {
      SlideRing& ring = rings.emplace_back();
      for (const Place& p : places)
        ring.push_back({p.x - static_cast<double>(rect.x0), p.y - static_cast<double>(rect.y0)});
    }
    fill.fill(rings, 1);
  }
  return {grid.cells().begin(), grid.cells().end()};
}

}  // namespace histoloom
