// Laplacian pyramids (Burt and Adelson 1983) as Karras et al. 2018 build them.
#pragma once

#include <cstdint>
#include <vector>

#include "histoloom/evaluate/picture_ops.h"

namespace histoloom::evaluate {

// A picture of floats: the three channels as planes of one size.
using Planes = std::vector<Plane>;

// Filters with the binomial kernel 1 4 6 4 1 on both axes, mirrored at the borders, and keeps every
// second sample; sides are even.
Plane shrunk(const Plane& plane);
// Puts zeros between the samples and filters with four times that kernel: twice the size.
Plane expanded(const Plane& plane);

// The levels of a square picture whose side is a power of two, finest first: each the difference to
// the next one expanded, the last one what is left, with a side of `smallest_side`.
std::vector<Planes> laplacian_pyramid(const Picture& picture, std::int64_t smallest_side);

}  // namespace histoloom::evaluate
