// A picture or slide through libvips: what conversion streams, and what it is asked beforehand.
#pragma once

#include <filesystem>
#include <optional>

#include "histoloom/pictures/open_picture.h"
#include "histoloom/pictures/picture_facts.h"
#include "histoloom/pictures/vips.h"

namespace histoloom {

// Coarser than any microscope's pixels, in microns: what resolution tags say above it is for a
// printer (10 microns are 2540 dots an inch). One limit for all rooms. It was 100 for conversion,
// which took photographs at 300 dots an inch (85 microns) for slides; a slide that is coarser says
// so in its description, to which no limit applies.
inline constexpr double kCoarsestMpp = 10;

struct MppOfAxes {
  double x = 0;
  double y = 0;
  double mean() const { return (x + y) / 2; }
};

// Microns a pixel of a file that libvips has opened as `image`, if it states them: of a TIFF by
// pyramid::scale_of(); of others by a resolution that has a unit. What a printer's resolution says
// is none. Null `image`: only a TIFF may have one.
std::optional<MppOfAxes> scale_of_picture(const std::filesystem::path& path, VipsImage* image);

// Opens all pixels for one pass from the top down, an alpha channel on white. \error UserError that
// names the path.
VipsPtr<VipsImage> open_whole(const std::filesystem::path& path, PictureContent content);

// Reads no pixel but those of associated images. \error UserError that names the path, for what
// open_whole() refuses and for a TIFF that ends too early.
PictureFacts read_facts(const std::filesystem::path& path, PictureContent content);

}  // namespace histoloom
