// Which directories of a slide show its pixels, and where their tiles are listed.
#pragma once

#include <vector>

#include "histoloom/pyramid/tiff_file.h"
#include "tiff_parser.h"

namespace histoloom::pyramid {

struct EditLevel {
  TiffImage image;
  std::int64_t factor = 1;  // pixels of level 0 a side for one of this level
  TiffField offsets;        // the values of TileOffsets and TileByteCounts
  TiffField sizes;
  std::vector<std::uint8_t> jpeg_tables;  // empty where there are none

  PixelSize tiles() const {
    return {divide_up(image.size.width, image.piece.width),
            divide_up(image.size.height, image.piece.height)};
  }
};

// Level 0 first, then all tiled directories of its shape, in the main chain or its SubIFDs, in the
// file's order. \error UserError that names the path and says what is accepted, for level 0 or a
// level of another kind or whose size is no whole fraction of level 0's.
std::vector<EditLevel> edit_levels(const TiffFile& file, TiffParser& parser);

}  // namespace histoloom::pyramid
