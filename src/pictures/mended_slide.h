// Tiled TIFFs that neither OpenSlide nor libvips reads as they are: tiles are missing, colour planes
// lie apart, there is an alpha channel, a level is smaller than a tile, or tags and stream say
// different colours.
#pragma once

#include <memory>

#include "histoloom/pictures/open_picture.h"
#include "histoloom/pyramid/tiff_file.h"

namespace histoloom {

// Whether a tiled TIFF of no scanner's format has a level of such a kind.
bool is_mended_slide(const pyramid::TiffFile& file);

// Levels are the first image, its SubIFDs, and images that are flagged as reduced. In memory: two
// rows of tiles a level. \error UserError that names the path.
std::unique_ptr<PictureFile> open_mended_slide(const pyramid::TiffFile& file);

}  // namespace histoloom
