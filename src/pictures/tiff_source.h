// TIFFs as libvips can read them. libvips 8.14 fails at missing tiles and at tiled colour planes,
// and goes by the tags if a JPEG stream says otherwise. So it gets the file's own bytes with
// another directory behind them, in which the tags fit, and each missing piece is another piece;
// afterwards the place of a missing piece is made white.
//
// Example: a file of 5000 bytes with 6 tiles, of which the second is missing. libvips sees a header
// that leads to byte 5000, and there a directory whose second tile is the first one again.
#pragma once

#include "histoloom/pictures/vips.h"
#include "histoloom/pyramid/tiff_file.h"

namespace histoloom {

// What pixels stand for.
enum class TiffContent {
  picture,  // colours: WhiteIsZero is inverted, an index is looked up in its palette
  ids,      // numbers, as they are stored
};

// Whether libvips reads pixels of the directory as a picture only if it is changed.
bool needs_mending(const pyramid::TiffImage& image);

// Whether the first image has a palette of greys alone, of which one isn't its index.
bool has_odd_grey_palette(const pyramid::TiffFile& file);

// Opens one directory of `file`, changed as it needs. Missing pieces are white. Null if libvips
// can't: vips_says() says why. \error UserError that names the path.
VipsPtr<VipsImage> open_directory(const pyramid::TiffFile& file, const pyramid::TiffImage& image,
                                  TiffContent content, bool sequential);

}  // namespace histoloom
