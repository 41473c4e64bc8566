// What several measures do to a plane.
#pragma once

#include "histoloom/evaluate/picture_ops.h"

namespace histoloom::evaluate {

// Means of `by` × `by` px; what is left over on the right and at the bottom is dropped.
Plane shrunk(const Plane& plane, std::int64_t by);
inline Plane halved(const Plane& plane) { return shrunk(plane, 2); }

// A copy of `rect`, which lies inside the plane.
Plane crop(const Plane& plane, const PixelRect& rect);

}  // namespace histoloom::evaluate
