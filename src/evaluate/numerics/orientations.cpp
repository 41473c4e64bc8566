#include "orientations.h"

#include <utility>

namespace histoloom::evaluate {

namespace {

Plane turned(const Plane& plane) {
  Plane out{{plane.size.height, plane.size.width}, std::vector<float>(plane.values.size())};
  for (std::int64_t y = 0; y < plane.size.height; ++y)
    for (std::int64_t x = 0; x < plane.size.width; ++x)
      out.at(y, plane.size.width - 1 - x) = plane.at(x, y);
  return out;
}

Plane mirrored(const Plane& plane) {
  Plane out = plane;
  for (std::int64_t y = 0; y < plane.size.height; ++y)
    for (std::int64_t x = 0; x < plane.size.width; ++x)
      out.at(plane.size.width - 1 - x, y) = plane.at(x, y);
  return out;
}

}  // namespace

std::array<Plane, kOrientations> orientations(Plane plane) {
  std::array<Plane, kOrientations> out;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (i == 4) plane = mirrored(plane);  // after four turns it lies as it lay
    out[i] = plane;
    plane = turned(plane);
  }
  return out;
}

// A turned mirror image undoes itself.
std::size_t undoing(std::size_t i) { return i < 4 ? (4 - i) % 4 : i; }

PixelPoint place_before(PixelPoint corner, std::int64_t side, std::size_t i, PixelSize size) {
  for (std::size_t turns = i % 4; turns > 0; --turns) {
    // The width of what was turned the last time.
    const std::int64_t width = turns % 2 == 1 ? size.width : size.height;
    corner = {width - side - corner.y, corner.x};
  }
  if (i >= 4) corner.x = size.width - side - corner.x;
  return corner;
}

}  // namespace histoloom::evaluate
