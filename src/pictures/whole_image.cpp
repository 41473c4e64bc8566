#include "whole_image.h"

#include <vips/vips.h>

#include "decoded.h"
#include "histoloom/core/error.h"
#include "histoloom/pictures/png_indices.h"
#include "histoloom/pyramid/scale.h"
#include "id_image.h"
#include "truncation.h"

namespace histoloom {

namespace {

std::optional<MppOfAxes> scale_of_tiff(const std::filesystem::path& path) {
  try {
    const pyramid::TiffScale scale = pyramid::scale_of(pyramid::read_tiff(path));
    if (!scale.mpp_x || !scale.mpp_y || !(*scale.mpp_x > 0 && *scale.mpp_y > 0))
      return std::nullopt;
    if (scale.by_resolution && (*scale.mpp_x > kCoarsestMpp || *scale.mpp_y > kCoarsestMpp))
      return std::nullopt;
    return MppOfAxes{*scale.mpp_x, *scale.mpp_y};
  } catch (const UserError&) {  // whoever decodes it will say what is wrong
    return std::nullopt;
  }
}

}  // namespace

std::optional<MppOfAxes> scale_of_picture(const std::filesystem::path& path, VipsImage* image) {
  if (is_tiff(path)) return scale_of_tiff(path);
  if (image == nullptr || has_png_ratio(path)) return std::nullopt;
  const double x = 1000 / vips_image_get_xres(image), y = 1000 / vips_image_get_yres(image);
  if (!(x > 0 && y > 0 && x <= kCoarsestMpp && y <= kCoarsestMpp)) return std::nullopt;
  return MppOfAxes{x, y};
}

VipsPtr<VipsImage> open_whole(const std::filesystem::path& path, PictureContent content) {
  if (content == PictureContent::ids) return open_ids(path, "");
  if (content == PictureContent::picture)
    return on_white(taken(0, open_vips_image(path).release(), path), path);
  VipsImage* out = nullptr;
  // Not as "rgb", which makes black of what has no pixels.
  const int code = vips_openslideload(path.c_str(), &out, "access", VIPS_ACCESS_SEQUENTIAL,
                                      "fail_on", VIPS_FAIL_ON_ERROR, nullptr);
  return on_white(taken(code, out, path), path);
}

}  // namespace histoloom
