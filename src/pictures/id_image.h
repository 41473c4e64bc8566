// Images whose values are ids.
#pragma once

#include <filesystem>
#include <string_view>

#include "histoloom/pictures/vips.h"

namespace histoloom {

// Opens the values as they are stored, in one band of 8 bits, for one pass from the top down: the
// indices of a palette, and values of fewer bits and of either polarity unchanged.
//
// \error UserError that names the path for what is no image and for
//   - another number of bands or type; `or_else` ends the message, such as ", or …"
//   - what was stored with loss, which invents ids
//   - a palette of greys that aren't their indices: which of both are the ids is not known
VipsPtr<VipsImage> open_ids(const std::filesystem::path& path, std::string_view or_else);

// \error UserError, if the file holds JPEG or another code that loses values.
void require_lossless(const std::filesystem::path& path);

}  // namespace histoloom
