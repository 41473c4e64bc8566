// A small picture to draw on: rectangles, lines, pictures and text, in 8-bit RGB.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "histoloom/core/geometry.h"
#include "histoloom/core/picture.h"

namespace histoloom {

using Colour = std::array<std::uint8_t, 3>;

// What lies outside of it is not drawn.
class Drawing {
 public:
  explicit Drawing(PixelSize size);  // white

  const Picture& picture() const { return picture_; }
  Colour at(PixelPoint p) const;

  void fill(const PixelRect& rect, Colour colour);
  // A line of `width` pixels between two points, both included.
  void line(PixelPoint from, PixelPoint to, std::int64_t width, Colour colour);
  // A picture with its first pixel at `at`, each of its pixels `scale` × `scale`.
  void place(const Picture& picture, PixelPoint at, std::int64_t scale = 1);

  enum class Anchor { left, centre, right };
  // One line of text in sans serif, 13 px, its top at at.y, and at.x where `anchor` says. Taken as
  // it is: no mark-up. UserError where there is no font.
  void text(const std::string& line, PixelPoint at, Colour colour, Anchor anchor = Anchor::left);

  // Replaces a PNG file. UserError as replace_file().
  void save(const std::filesystem::path& path) const;

 private:
  void blend(PixelPoint p, Colour colour, int share);

  Picture picture_;
};

}  // namespace histoloom
