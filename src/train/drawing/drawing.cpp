#include "drawing.h"

#include <algorithm>
#include <cstdlib>

#include "histoloom/pictures/glyphs.h"
#include "histoloom/pictures/png.h"

namespace histoloom {

Drawing::Drawing(PixelSize size)
    : picture_{size, std::vector<std::uint8_t>(static_cast<std::size_t>(3 * size.area()), 255)} {}

Colour Drawing::at(PixelPoint p) const {
  const auto* rgb = picture_.at(p.x, p.y);
  return {rgb[0], rgb[1], rgb[2]};
}

void Drawing::blend(PixelPoint p, Colour colour, int share) {
  if (p.x < 0 || p.y < 0 || p.x >= picture_.size.width || p.y >= picture_.size.height) return;
  auto* rgb = picture_.at(p.x, p.y);
  for (std::size_t c = 0; c < 3; ++c)
    rgb[c] = static_cast<std::uint8_t>((rgb[c] * (255 - share) + colour[c] * share + 127) / 255);
}

void Drawing::fill(const PixelRect& rect, Colour colour) {
  for (std::int64_t y = rect.y0; y < rect.y1; ++y)
    for (std::int64_t x = rect.x0; x < rect.x1; ++x) blend({x, y}, colour, 255);
}

void Drawing::line(PixelPoint from, PixelPoint to, std::int64_t width, Colour colour) {
  const std::int64_t dx = to.x - from.x, dy = to.y - from.y;
  const std::int64_t steps = std::max<std::int64_t>(1, std::max(std::abs(dx), std::abs(dy)));
  for (std::int64_t i = 0; i <= steps; ++i) {
    const std::int64_t x = from.x + dx * i / steps, y = from.y + dy * i / steps;
    fill({x - (width - 1) / 2, y - (width - 1) / 2, x + width / 2 + 1, y + width / 2 + 1}, colour);
  }
}

void Drawing::place(const Picture& picture, PixelPoint at, std::int64_t scale) {
  for (std::int64_t y = 0; y < picture.size.height * scale; ++y)
    for (std::int64_t x = 0; x < picture.size.width * scale; ++x) {
      const auto* rgb = picture.at(x / scale, y / scale);
      blend({at.x + x, at.y + y}, {rgb[0], rgb[1], rgb[2]}, 255);
    }
}

void Drawing::text(const std::string& line, PixelPoint at, Colour colour, Anchor anchor) {
  const Picture glyphs = glyphs_of(line);
  const std::int64_t shift = anchor == Anchor::left     ? 0
                             : anchor == Anchor::centre ? glyphs.size.width / 2
                                                        : glyphs.size.width;
  for (std::int64_t y = 0; y < glyphs.size.height; ++y)
    for (std::int64_t x = 0; x < glyphs.size.width; ++x)
      blend({at.x - shift + x, at.y + y}, colour, *glyphs.at(x, y));
}

void Drawing::save(const std::filesystem::path& path) const { write_png(path, picture_.view()); }

}  // namespace histoloom
