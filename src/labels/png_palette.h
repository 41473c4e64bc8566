// What a PNG says about its own encoding, which libvips hides: it expands indexed colour to RGB
// and stretches grey values of fewer than 8 bits.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

namespace histoloom {

struct PngEncoding {
  int bit_depth = 0;
  bool indexed = false;
  // Index → RGB and alpha (255 where the file has none); empty unless indexed.
  std::vector<std::array<std::uint8_t, 4>> palette;
};

// Reads the chunks before the pixels. nullopt where the file is no PNG or ends too early: whoever
// decodes it will say so.
std::optional<PngEncoding> read_png_encoding(const std::filesystem::path& path);

}  // namespace histoloom
