// Polygons onto cells.
#pragma once

#include <vector>

#include "histoloom/core/geometry.h"
#include "histoloom/labels/label_field.h"

namespace histoloom {

// A place on the slide, in pixels at full resolution.
struct SlidePoint {
  double x = 0;
  double y = 0;
};

using SlideRing = std::vector<SlidePoint>;  // closed from its last point to its first

// Paints cells of a slide whose middle (of what of them lies on the slide) polygons hold, by the
// even-odd rule over all rings, so that holes are holes and a ring that crosses itself has them
// too. A middle that lies on a line belongs to the polygon on its right, or below it.
class PolygonFill {
 public:
  PolygonFill(LabelGrid& grid, PixelSize slide, int factor);

  // In memory: 16 bytes for each place where a line crosses one of 64 rows of cells.
  void fill(const std::vector<SlideRing>& rings, LabelId id);

 private:
  struct Crossing {
    std::int64_t row, column;  // the first cell whose middle is not left of the crossing
    friend auto operator<=>(const Crossing&, const Crossing&) = default;
  };

  void cross(SlidePoint a, SlidePoint b, std::int64_t first_row, std::int64_t last_row);

  LabelGrid& grid_;
  std::vector<double> middles_x_, middles_y_;
  std::vector<Crossing> crossings_;
};

}  // namespace histoloom
