// The regions of a field as polygons whose neighbours share their lines point by point.
#pragma once

#include <functional>
#include <vector>

#include "boundaries.h"

namespace histoloom {

using Ring = std::vector<HalfCell>;  // the last point is not the first again

// The polygon of one region.
struct Polygon {
  LabelId label = 0;
  std::vector<Ring> rings;  // the outer one first, clockwise as seen, then holes, anticlockwise
};

// Simplifies every arc once, in parallel, and hands out the polygons of the regions for whose label
// `wanted` holds, in the order of their first cells, row by row. No ring touches itself: where a
// region closes around another over a corner, that is a hole. `tolerance`: as of simplified().
void for_each_polygon(Boundaries boundaries, double tolerance,
                      const std::function<bool(LabelId)>& wanted,
                      const std::function<void(const Polygon&)>& visit);

}  // namespace histoloom
