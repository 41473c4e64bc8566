// What the tests of edits share.
#pragma once

#include <vector>

#include "edit_mark.h"
#include "histoloom/pyramid/tile_editor.h"
#include "support.h"

namespace histoloom::pyramid::test {

inline constexpr PixelRect kRect{101, 90, 251, 150};

inline EditMark mark() {
  return {.software = "Histoloom test", .note = "Inpainted = 101,90,150,60"};
}

inline std::vector<std::uint8_t> crop(const Picture& picture, const PixelRect& rect) {
  std::vector<std::uint8_t> out;
  for (std::int64_t y = rect.y0; y < rect.y1; ++y) {
    const auto row = picture.pixels.begin() + y * picture.stride();
    out.insert(out.end(), row + rect.x0 * picture.channels, row + rect.x1 * picture.channels);
  }
  return out;
}

}  // namespace histoloom::pyramid::test
