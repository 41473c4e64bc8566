#include "histoloom/pictures/scaled_picture.h"

#include <vips/vips.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "decoded.h"
#include "histoloom/core/error.h"

namespace histoloom {

namespace {

// `picture` in another size, by a Lanczos kernel.
Picture resized(const Picture& picture, PixelSize size) {
  const VipsPtr<VipsImage> image = image_over(picture.view());
  const auto ratio = [](std::int64_t to, std::int64_t from) {
    return static_cast<double>(to) / static_cast<double>(from);
  };
  VipsImage* out = nullptr;
  const int failed = vips_resize(image.get(), &out, ratio(size.width, picture.size.width), "vscale",
                                 ratio(size.height, picture.size.height), nullptr);
  check_internal(failed == 0, "a region can't be resized: " + vips_says());
  const VipsPtr<VipsImage> owned(out);
  check_internal(
      vips_image_get_width(out) == size.width && vips_image_get_height(out) == size.height,
      "a resized region has another size");
  return decoded(out, "a resized region");
}

}  // namespace

PixelSize ScaledPicture::size() const {
  const auto shrunk = [&](std::int64_t length) {
    return static_cast<std::int64_t>(static_cast<double>(length) / shrink_);
  };
  return {shrunk(file_.size().width), shrunk(file_.size().height)};
}

Picture ScaledPicture::region(const PixelRect& rect) const {
  Picture found = overview(rect, 1);
  return found.size == rect.size() ? found : resized(found, rect.size());
}

Picture ScaledPicture::overview(const PixelRect& rect, double by) const {
  // A little more: levels of 4 are often of 4.0001.
  const int level = file_.level_for(shrink_ * by * 1.01);
  const double ratio = shrink_ / file_.shrink_of(level);
  const auto at_level = [&](std::int64_t length) {
    return std::max<std::int64_t>(1, std::llround(static_cast<double>(length) * ratio));
  };
  const auto at_full = [&](std::int64_t x) {
    return std::llround(static_cast<double>(x) * shrink_);
  };
  return file_.read(level, {at_full(rect.x0), at_full(rect.y0)},
                    {at_level(rect.width()), at_level(rect.height())});
}

}  // namespace histoloom
