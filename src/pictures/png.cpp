#include "histoloom/pictures/png.h"

#include <vips/vips.h>

#include <memory>

#include "decoded.h"
#include "histoloom/core/error.h"
#include "histoloom/core/file.h"

namespace histoloom {

namespace {

Picture without_gaps(const PictureView& picture) {
  Picture out{picture.size, {}, picture.channels};
  for (std::int64_t y = 0; y < picture.size.height; ++y)
    out.samples.insert(out.samples.end(), picture.row(y),
                       picture.row(y) + picture.size.width * picture.channels);
  return out;
}

}  // namespace

void write_png(const std::filesystem::path& path, const PictureView& picture) {
  if (picture.stride != picture.size.width * picture.channels)
    return write_png(path, without_gaps(picture).view());
  const VipsPtr<VipsImage> image = image_over(picture);
  void* bytes = nullptr;
  std::size_t size = 0;
  const int failed = vips_pngsave_buffer(image.get(), &bytes, &size, nullptr);
  const std::unique_ptr<void, decltype(&g_free)> owner(bytes, g_free);
  check_internal(failed == 0, "libvips writes no PNG to memory");
  replace_file(path, {static_cast<const char*>(bytes), size});
}

}  // namespace histoloom
