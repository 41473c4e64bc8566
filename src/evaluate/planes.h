// What several measures do to a plane.
#pragma once

#include "histoloom/evaluate/picture.h"

namespace histoloom::evaluate {

// Means of 2 × 2 px; an odd last column or row is dropped.
Plane halved(const Plane& plane);

}  // namespace histoloom::evaluate
