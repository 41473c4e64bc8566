// What every file of the table shows.
#pragma once

#include <cstdint>

namespace histoloom::doors {

constexpr int kSide = 256, kTile = 128;  // px

// The left upper tile is tissue, or of id 1; the rest is glass, or of id 5.
inline bool is_tissue(int x, int y) { return x < kTile && y < kTile; }
inline std::uint8_t shown(int x, int y, int c) {
  static constexpr int kTissue[] = {200, 90, 150};
  return static_cast<std::uint8_t>(is_tissue(x, y) ? kTissue[c] : 255);
}
inline std::uint8_t id_at(int x, int y) { return is_tissue(x, y) ? 1 : 5; }

}  // namespace histoloom::doors
