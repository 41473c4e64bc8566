#include "decoded.h"

#include <vips/vips.h>

#include <array>
#include <memory>

#include "histoloom/core/error.h"
#include "refusals.h"
#include "watched.h"

namespace histoloom {

bool has_alpha(VipsImage* image) {
  const int bands = vips_image_get_bands(image);
  return (bands == 2 || bands == 4) && vips_image_hasalpha(image) != 0;
}

VipsPtr<VipsImage> taken(int code, VipsImage* image, const std::filesystem::path& path) {
  if (code != 0 || image == nullptr) refuse_damaged(path, vips_says());
  return VipsPtr<VipsImage>(image);
}

VipsPtr<VipsImage> on_white(VipsPtr<VipsImage> image, const std::filesystem::path& path) {
  require_one_upright(image.get(), path);
  require_8_bits(image.get(), path);
  require_grey_or_rgb(image.get(), path);
  if (!has_alpha(image.get())) return image;
  VipsImage* flat = nullptr;
  const std::array<double, 1> white{255};
  VipsArrayDouble* background = vips_array_double_new(white.data(), 1);
  const int code = vips_flatten(image.get(), &flat, "background", background, nullptr);
  vips_area_unref(VIPS_AREA(background));
  return taken(code, flat, path);
}

Picture decoded(VipsImage* image, const std::filesystem::path& path) {
  std::size_t bytes = 0;
  const Watched watched(image);
  const std::unique_ptr<void, decltype(&g_free)> memory(
      vips_image_write_to_memory(watched.image(), &bytes), g_free);
  if (!memory || watched.failed()) refuse_damaged(path, vips_says());
  const auto* first = static_cast<const std::uint8_t*>(memory.get());
  return {{vips_image_get_width(image), vips_image_get_height(image)},
          {first, first + bytes},
          vips_image_get_bands(image)};
}

VipsPtr<VipsImage> image_over(const PictureView& picture) {
  start_vips();
  check_internal(picture.stride == picture.size.width * picture.channels,
                 "libvips takes rows without gaps only");
  VipsPtr<VipsImage> image(vips_image_new_from_memory(
      picture.data, static_cast<std::size_t>(picture.stride * picture.size.height),
      static_cast<int>(picture.size.width), static_cast<int>(picture.size.height), picture.channels,
      VIPS_FORMAT_UCHAR));
  check_internal(image != nullptr, "libvips takes no picture from memory");
  return image;
}

}  // namespace histoloom
