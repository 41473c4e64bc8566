// Pictures that end too early, found without decoding a pixel.
#pragma once

#include <filesystem>

namespace histoloom {

// Looks for the end of a PNG (its IEND chunk) or of a JPEG (its EOI marker) where its format puts
// it; what follows the end, as some cameras append, is not minded. Says nothing of other formats.
// \error UserError that names the path where the end is not there.
void require_whole(const std::filesystem::path& path);

}  // namespace histoloom
