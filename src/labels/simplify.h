// Stairs of cells into straight lines.
#pragma once

#include <vector>

#include "boundaries.h"

namespace histoloom {

// A line of few points such that every turn of `turns` lies within `tolerance` (half cells, below
// 1) of it, and so every place of it within that of the stairs. The points are turns and the
// middles of cells' sides next to them; both ends stay. A line of slope 1 : n loses all its stairs
// at a tolerance of nearly 1, since digital lines lie within half a cell of true ones. Two
// boundaries without a common corner are 2 half cells apart, so they stay apart.
//
// The points are a shortest path: from each point, lines to all points that a wedge of directions
// allows, which the turns on the way narrow (Imai and Iri 1988; the wedge is Sklansky and
// Gonzalez' of 1980). A line costs as much as a quarter of a cell that comes to lie on its other
// side, so that areas stay what they are: a lone cell stays a square.
//
// Example: the turns (0, 0) (6, 0) (6, 2) (12, 2) become (0, 0) (12, 2) at 0.99.
std::vector<HalfCell> simplified(const std::vector<HalfCell>& turns, double tolerance);

}  // namespace histoloom
