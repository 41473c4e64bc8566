// Pictures that end too early or state impossible sizes, found without decoding a pixel.
#pragma once

#include <filesystem>
#include <string_view>

#include "histoloom/pyramid/tiff_file.h"

namespace histoloom {

// Looks for the end of a PNG (its IEND chunk) or of a JPEG (its EOI marker) where its format puts
// it; what follows the end, as some cameras append, is not minded. Says nothing of other formats.
// \error UserError that names the path where the end is not there.
void require_whole(const std::filesystem::path& path);

// What every door asks of a file before a library opens it: that it can be read and is whole.
// `wanted` is as in require_readable(). \error UserError.
void require_usable(const std::filesystem::path& path, std::string_view wanted);

// \error UserError that names the path, if some directory's values or pieces lie past the end.
void require_whole(const pyramid::TiffFile& file);

// \error UserError that names the path, if an image of a TIFF states tiles that nobody can hold in
// memory, at which the libraries below would end the process, or lists fewer than its size asks for.
// Says nothing of what is no TIFF.
void require_possible_pieces(const std::filesystem::path& path);

// \error UserError that names the path, if a TIFF's first image is one of several of its size, such
// as planes of a stack, or has no pixels at all.
void require_one_image(const pyramid::TiffFile& file);

// By its first four bytes: TIFF or BigTIFF of either byte order.
bool is_tiff(const std::filesystem::path& path);
bool starts_as_tiff(std::string_view bytes);

}  // namespace histoloom
