// The label and the macro image of a slide that no scanner has seen.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "block.h"

namespace histoloom::pyramid {

using Colour = std::array<std::uint8_t, 3>;

// A rectangle of an image: left, top, width, height.
struct Place {
  std::int64_t x = 0;
  std::int64_t y = 0;
  std::int64_t width = 0;
  std::int64_t height = 0;
};

void fill(Raster& image, const Place& place, Colour colour);

// Draws `text` with its upper left corner at (x, y), a letter being 6 × 8 dots of `scale` px.
// Small letters are drawn as capitals, unknown bytes as an empty box. Clips at the image's edge.
void draw_text(Raster& image, std::int64_t x, std::int64_t y, int scale, std::string_view text,
               Colour colour);

// A paper label, 400 × 400 px: SYNTHETIC (if `synthetic`) over the lines, each as large as fits.
Raster draw_label(const std::vector<std::string>& lines, bool synthetic);

// A glass slide, 1280 × 430 px, seen from above: the label at its left, `preview` in its middle
// with a frame around it.
Raster draw_macro(const Raster& label, const Raster& preview);

// The upper left width × height px of `in`; beyond its edge, the edge.
Raster crop(const Raster& in, std::int64_t width, std::int64_t height);

// `in` as RGB, averaged or repeated into width × height px.
Raster resize(const Raster& in, std::int64_t width, std::int64_t height);

}  // namespace histoloom::pyramid
