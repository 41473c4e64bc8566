// Pictures that end too early, found without decoding a pixel.
#pragma once

#include <filesystem>

#include "histoloom/pyramid/tiff_file.h"

namespace histoloom {

// Looks for the end of a PNG (its IEND chunk) or of a JPEG (its EOI marker) where its format puts
// it; what follows the end, as some cameras append, is not minded. Says nothing of other formats.
// \error UserError that names the path where the end is not there.
void require_whole(const std::filesystem::path& path);

// \error UserError that names the path, if some directory's values or pieces lie past the end.
void require_whole(const pyramid::TiffFile& file);

// By its first four bytes: TIFF or BigTIFF of either byte order.
bool is_tiff(const std::filesystem::path& path);

}  // namespace histoloom
