// Typed geometry: what lives in different spaces has different types, so that a rectangle of one
// can't be handed to a reader of another.
//
//   Pixel…   pixels of a slide or picture at full resolution
//   Cell…    latent cells of a slide, from its upper left corner
//   Latent…  cells of a canvas, which may be larger than the slide (job/canvas.h)
//   Mask…    mask cells of a slide, each of several latent cells
//
// All rectangles are half-open: [x0, x1) × [y0, y1). y grows downwards.
//
// Example: with a downsampling factor of 8 the slide of 333 × 2049 px has a canvas of 42 × 257
// cells. The last column and row of cells reach past the slide and are cut off when the rows of
// pixels leave the decoder.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>

namespace histoloom {

struct PixelSpace;
struct CellSpace;
struct LatentSpace;
struct MaskSpace;

template <class Space>
struct Point {
  std::int64_t x = 0;
  std::int64_t y = 0;
  friend auto operator<=>(const Point&, const Point&) = default;
};

template <class Space>
struct Size {
  std::int64_t width = 0;
  std::int64_t height = 0;
  std::int64_t area() const { return width * height; }
  bool empty() const { return width <= 0 || height <= 0; }
  friend auto operator<=>(const Size&, const Size&) = default;
};

template <class Space>
struct Rect {
  std::int64_t x0 = 0;
  std::int64_t y0 = 0;
  std::int64_t x1 = 0;
  std::int64_t y1 = 0;

  static Rect at(Point<Space> corner, Size<Space> size) {
    return {corner.x, corner.y, corner.x + size.width, corner.y + size.height};
  }
  static Rect of(Size<Space> size) { return {0, 0, size.width, size.height}; }

  std::int64_t width() const { return x1 - x0; }
  std::int64_t height() const { return y1 - y0; }
  std::int64_t area() const { return empty() ? 0 : width() * height(); }
  Size<Space> size() const { return {width(), height()}; }
  Point<Space> corner() const { return {x0, y0}; }
  bool empty() const { return x1 <= x0 || y1 <= y0; }
  bool contains(Point<Space> p) const { return p.x >= x0 && p.x < x1 && p.y >= y0 && p.y < y1; }
  bool contains(const Rect& r) const {
    return r.x0 >= x0 && r.y0 >= y0 && r.x1 <= x1 && r.y1 <= y1;
  }
  friend auto operator<=>(const Rect&, const Rect&) = default;
};

using PixelPoint = Point<PixelSpace>;
using PixelSize = Size<PixelSpace>;
using PixelRect = Rect<PixelSpace>;
using CellPoint = Point<CellSpace>;
using CellSize = Size<CellSpace>;
using CellRect = Rect<CellSpace>;
using LatentPoint = Point<LatentSpace>;
using LatentSize = Size<LatentSpace>;
using LatentRect = Rect<LatentSpace>;
using MaskPoint = Point<MaskSpace>;
using MaskSize = Size<MaskSpace>;
using MaskRect = Rect<MaskSpace>;

// The overlap of two rectangles; empty (but not normalised) if they don't meet.
template <class Space>
Rect<Space> intersect(const Rect<Space>& a, const Rect<Space>& b) {
  return {std::max(a.x0, b.x0), std::max(a.y0, b.y0), std::min(a.x1, b.x1), std::min(a.y1, b.y1)};
}

// Divides and rounds up: ceil(a / b) for a >= 0, b > 0.
constexpr std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// The cells that cover `size` pixels at `factor` pixels a cell; the last ones may reach past it.
inline CellSize latent_size_for(PixelSize size, std::int64_t factor) {
  return {divide_up(size.width, factor), divide_up(size.height, factor)};
}

inline PixelRect pixels_from_latent(const CellRect& r, std::int64_t factor) {
  return {r.x0 * factor, r.y0 * factor, r.x1 * factor, r.y1 * factor};
}

}  // namespace histoloom
