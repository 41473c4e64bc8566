// PNG out.
#pragma once

#include <filesystem>

#include "histoloom/core/picture.h"

namespace histoloom {

// Writes a picture of 1 or 3 channels as a PNG and replaces what `path` names. In memory: the whole
// file, compressed. \error UserError as replace_file().
void write_png(const std::filesystem::path& path, const PictureView& picture);

}  // namespace histoloom
