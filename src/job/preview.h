// The coarsest stage of a cascade as a picture to look at.
#pragma once

#include <filesystem>

#include "histoloom/store/latent_array.h"

namespace histoloom {

// Writes a picture on disk as a PNG of at most 4096 px a side, shrunk by a whole factor. \error
// UserError as write_png().
void write_preview(const std::filesystem::path& path, const LatentArray& picture);

}  // namespace histoloom
