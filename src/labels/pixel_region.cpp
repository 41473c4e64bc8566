#include "histoloom/labels/pixel_region.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "annotation_mask.h"
#include "geojson_reader.h"
#include "histoloom/core/error.h"
#include "histoloom/labels/annotation_file.h"
#include "histoloom/labels/cell_votes.h"
#include "polygon_fill.h"

namespace histoloom {

PixelRegion PixelRegion::rectangle(const PixelRect& rect) {
  const auto x0 = static_cast<double>(rect.x0), x1 = static_cast<double>(rect.x1);
  const auto y0 = static_cast<double>(rect.y0), y1 = static_cast<double>(rect.y1);
  PixelRegion region;
  region.polygons_ = {{{{{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}}}, {}}};
  return region;
}

PixelRegion PixelRegion::read(const std::filesystem::path& path) {
  const std::unique_ptr<std::istream> in = open_annotation_file(path);
  PixelRegion region;
  region.where_ = path.string();
  read_geojson(*in, path.string(), [&](const DrawnAnnotation& annotation) {
    for (const auto& rings : annotation.polygons) {
      Polygon& polygon = region.polygons_.emplace_back();
      polygon.name = annotation.name;
      for (const SlideRing& ring : rings) {
        auto& places = polygon.rings.emplace_back();
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
    for (const auto& ring : polygon.rings)
      for (const Place& p : ring) {
        low = {std::min(low.x, p.x), std::min(low.y, p.y)};
        high = {std::max(high.x, p.x), std::max(high.y, p.y)};
      }
  return {std::llround(std::floor(low.x)), std::llround(std::floor(low.y)),
          std::llround(std::ceil(high.x)), std::llround(std::ceil(high.y))};
}

// Pixels are cells of one pixel here.
void PixelRegion::fill(const Polygon& polygon, const PixelRect& rect, LabelId id,
                       LabelGrid& grid) const {
  std::vector<SlideRing> rings;
  for (const auto& places : polygon.rings) {
    SlideRing& ring = rings.emplace_back();
    for (const Place& p : places)
      ring.push_back({p.x - static_cast<double>(rect.x0), p.y - static_cast<double>(rect.y0)});
  }
  PolygonFill(grid, rect.size(), 1).fill(rings, id);
}

std::vector<std::uint8_t> PixelRegion::inside(const PixelRect& rect) const {
  LabelGrid grid({rect.width(), rect.height()}, 0);
  for (const Polygon& polygon : polygons_) fill(polygon, rect, 1, grid);
  return {grid.cells().begin(), grid.cells().end()};
}

bool PixelRegion::has_classes() const {
  return std::any_of(polygons_.begin(), polygons_.end(),
                     [](const Polygon& polygon) { return !polygon.name.empty(); });
}

std::vector<LabelId> PixelRegion::labels(const CellRect& cells, int factor,
                                         const LabelSet& labels) const {
  const PixelRect rect = pixels_from_latent(cells, factor);
  LabelGrid grid({rect.width(), rect.height()}, labels.unknown());
  for (const Polygon& polygon : polygons_) {
    const Label* label =
        polygon.name.empty() ? labels.find(labels.unknown()) : label_of_class(labels, polygon.name);
    if (label == nullptr)
      throw UserError(fmt::format(
          "{}: a polygon is of class '{}', which is no label; the labels are {}. Give --class for "
          "all polygons, or change it",
          where_, polygon.name, labels.describe()));
    fill(polygon, rect, label->id, grid);
  }
  // Pixels without a class have no vote, so that a cell on a polygon's edge is the polygon's.
  CellVotes votes(cells.width(), labels);
  std::vector<bool> voted(static_cast<std::size_t>(cells.width()));
  std::vector<LabelId> out;
  for (std::int64_t y = 0; y < rect.height(); ++y) {
    for (std::int64_t x = 0; x < rect.width(); ++x) {
      const LabelId id = grid.at({x, y});
      if (id == labels.unknown()) continue;
      votes.add(x / factor, id, 1);
      voted[static_cast<std::size_t>(x / factor)] = true;
    }
    if ((y + 1) % factor != 0) continue;
    for (std::size_t x = 0; x < voted.size(); ++x) {
      out.push_back(voted[x] ? votes.take_winner(static_cast<std::int64_t>(x)) : labels.unknown());
      voted[x] = false;
    }
  }
  return out;
}

}  // namespace histoloom
