// Tiles and strips of a directory: counted and, the first of them, looked into.
#pragma once

#include <cstdint>
#include <optional>

#include "histoloom/pyramid/tiff_file.h"
#include "tiff_parser.h"

namespace histoloom::pyramid {

// Fills image.pieces and image.jpeg. `budget` is how many pieces may still be looked at, over all
// directories of the file, and is lowered.
void read_pieces(const TiffParser& parser, const RawDirectory& directory, TiffImage& image,
                 std::uint64_t& budget);

// What stands in the JPEG stream's frame header. Nothing where it is no JPEG or broken.
std::optional<JpegHeader> parse_jpeg_header(std::span<const std::uint8_t> bytes);

}  // namespace histoloom::pyramid
