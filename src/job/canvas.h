// Where a slide lies on the canvas that is painted for it.
#pragma once

#include <algorithm>

#include "histoloom/core/geometry.h"

namespace histoloom {

// Cells that are painted around the slide and not shown: the outermost cells of a canvas are always
// the outermost of a patch, and the network has seen nothing beyond those.
inline constexpr std::int64_t kCanvasMargin = 4;

struct Canvas {
  LatentSize size;
  LatentPoint origin;  // the canvas's cell at the slide's upper left corner; may lie outside of it

  LatentPoint to_canvas(CellPoint p) const { return {p.x + origin.x, p.y + origin.y}; }
  CellRect to_slide(const LatentRect& r) const {
    return {r.x0 - origin.x, r.y0 - origin.y, r.x1 - origin.x, r.y1 - origin.y};
  }
};

// The canvas of a new slide of `cells`, at least a patch a side.
inline Canvas canvas_around(CellSize cells, std::int64_t patch) {
  return {{std::max(cells.width + 2 * kCanvasMargin, patch),
           std::max(cells.height + 2 * kCanvasMargin, patch)},
          {kCanvasMargin, kCanvasMargin}};
}

}  // namespace histoloom
