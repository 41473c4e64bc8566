#include "histoloom/labels/image_8bit.h"

#include <fmt/format.h>
#include <vips/vips.h>

#include <memory>

#include "histoloom/core/error.h"

namespace histoloom {

VipsPtr<VipsImage> open_8bit_image(const std::filesystem::path& path) {
  VipsPtr<VipsImage> image = open_vips_image(path);
  if (!image)
    throw UserError(
        fmt::format("{}: is not an image that can be read ({})", path.string(), vips_says()));
  if (vips_image_get_format(image.get()) != VIPS_FORMAT_UCHAR)
    throw UserError(fmt::format("{}: must have 8 bits a sample", path.string()));
  return image;
}

Image8Bit decode_8bit_image(VipsImage* image, const std::filesystem::path& path) {
  std::size_t bytes = 0;
  const std::unique_ptr<void, decltype(&g_free)> memory(vips_image_write_to_memory(image, &bytes),
                                                        g_free);
  if (!memory)
    throw UserError(fmt::format("{}: is damaged or cut short ({})", path.string(), vips_says()));
  const auto* first = static_cast<const std::uint8_t*>(memory.get());
  return {{vips_image_get_width(image), vips_image_get_height(image)},
          vips_image_get_bands(image),
          {first, first + bytes}};
}

Image8Bit read_8bit_image(const std::filesystem::path& path) {
  const VipsPtr<VipsImage> image = open_8bit_image(path);
  return decode_8bit_image(image.get(), path);
}

}  // namespace histoloom
