#include "whole_image.h"

#include <vips/vips.h>

#include "decoded.h"

namespace histoloom {

std::optional<MppOfAxes> resolution_of(VipsImage* image) {
  const double x = 1000 / vips_image_get_xres(image), y = 1000 / vips_image_get_yres(image);
  if (!(x > 0 && y > 0 && x <= kCoarsestMpp && y <= kCoarsestMpp)) return std::nullopt;
  return MppOfAxes{x, y};
}

VipsPtr<VipsImage> open_whole(const std::filesystem::path& path, bool scan) {
  if (!scan) {
    VipsPtr<VipsImage> image = open_vips_image(path);
    return on_white(taken(0, image.release(), path), path);
  }
  VipsImage* out = nullptr;
  const int code =
      vips_openslideload(path.c_str(), &out, "rgb", TRUE, "access", VIPS_ACCESS_SEQUENTIAL,
                         "fail_on", VIPS_FAIL_ON_ERROR, nullptr);
  return on_white(taken(code, out, path), path);
}

}  // namespace histoloom
