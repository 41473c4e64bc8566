// One wording for what is wrong with a picture, whoever finds it.
#pragma once

#include <filesystem>
#include <string_view>

#include "histoloom/pictures/vips.h"

namespace histoloom {

// \error UserError: the file is no image, or its pixels can't be decoded; `why` is in the words of
// the library that tried.
[[noreturn]] void refuse_damaged(const std::filesystem::path& path, std::string_view why);

// \error UserError, if the file is not what it was when it was opened.
void require_unchanged(bool unchanged, const std::filesystem::path& path);

// \error UserError, if an orientation tag turns the image, or it has several pages. TIFFs are asked
// for pages by require_one_image().
void require_one_upright(VipsImage* image, const std::filesystem::path& path);

// \error UserError, unless the image has 8 bits a sample.
void require_8_bits(VipsImage* image, const std::filesystem::path& path);

// \error UserError, unless the image is grey or RGB, with or without an alpha channel.
void require_grey_or_rgb(VipsImage* image, const std::filesystem::path& path);

}  // namespace histoloom
