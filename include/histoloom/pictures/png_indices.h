// The plain values of a PNG's pixels, which libvips hides: it expands indexed colour to RGB and
// stretches grey values of fewer than 8 bits.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace histoloom {

struct PngEncoding {
  int bit_depth = 0;
  bool indexed = false;
  // Whether the palette holds greys alone, and of them one that isn't its index.
  bool grey_palette = false, odd_greys = false;
};

// Whether a PNG states a resolution without a unit, which is a ratio of sides and no scale.
bool has_png_ratio(const std::filesystem::path& path);

// Reads the header and the palette. nullopt if the file is no PNG or ends too early: whoever decodes it will say
// so.
std::optional<PngEncoding> read_png_encoding(const std::filesystem::path& path);

// A PNG without its palette, as grey values that are the indices: the pixels of both are encoded
// alike. Damage stays for the decoder to find.
std::string indexed_png_as_grey(const std::filesystem::path& path);

}  // namespace histoloom
