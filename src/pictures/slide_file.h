// Slides, and tiled TIFFs, through OpenSlide.
#pragma once

#include <filesystem>
#include <memory>

#include "histoloom/pictures/open_picture.h"

namespace histoloom {

// Null, if OpenSlide doesn't know the file, or knows it as a plain tiled TIFF but can't open it:
// then libvips may. \error UserError, if the file is of a scanner's format and can't be opened.
std::unique_ptr<PictureFile> open_slide(const std::filesystem::path& path);

}  // namespace histoloom
