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
};

// Reads the header. nullopt if the file is no PNG or ends too early: whoever decodes it will say
// so.
std::optional<PngEncoding> read_png_encoding(const std::filesystem::path& path);

// A PNG without its palette, as grey values that are the indices: the pixels of both are encoded
// alike. Damage stays for the decoder to find.
std::string indexed_png_as_grey(const std::filesystem::path& path);

}  // namespace histoloom
