// Images with 8 bits a sample, decoded whole: one reader, and one set of refusals, for every room.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "histoloom/core/geometry.h"
#include "histoloom/labels/vips.h"

namespace histoloom {

struct Image8Bit {
  PixelSize size;
  int bands = 0;
  std::vector<std::uint8_t> samples;  // size.height × size.width × bands
};

// Opens an image without decoding it. \error UserError that names the path where it is no image
// that can be read, or has other than 8 bits a sample.
VipsPtr<VipsImage> open_8bit_image(const std::filesystem::path& path);
// Decodes what open_8bit_image() has opened, once. \error UserError that names the path where it is
// damaged.
Image8Bit decode_8bit_image(VipsImage* image, const std::filesystem::path& path);
// Both. \error UserError of either.
Image8Bit read_8bit_image(const std::filesystem::path& path);

}  // namespace histoloom
