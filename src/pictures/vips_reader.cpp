#include "histoloom/pictures/vips_reader.h"

#include <vips/vips.h>

#include <cstring>

#include "histoloom/core/error.h"
#include "histoloom/pictures/vips.h"
#include "id_image.h"
#include "refusals.h"
#include "truncation.h"
#include "whole_image.h"

namespace histoloom {

struct VipsReader::State {
  std::string path;
  VipsPtr<VipsImage> image;
  VipsPtr<VipsRegion> region;
};

namespace {

VipsPtr<VipsImage> open_as(const std::filesystem::path& path, PixelsAs as,
                           std::string_view or_else) {
  if (as == PixelsAs::ids) return open_ids(path, or_else);
  if (is_tiff(path)) require_one_image(pyramid::read_tiff(path));
  if (as == PixelsAs::picture) return open_whole(path, PictureContent::picture);
  if (as == PixelsAs::colours) require_lossless(path);
  VipsPtr<VipsImage> image = open_vips_image(path);
  if (!image) refuse_damaged(path, vips_says());
  require_one_upright(image.get(), path);
  return image;
}

}  // namespace

VipsReader::VipsReader(const std::filesystem::path& path, PixelsAs as, std::string_view or_else)
    : state_(std::make_unique<State>()) {
  require_usable(path, "an image");
  state_->path = path.string();
  state_->image = open_as(path, as, or_else);
  state_->region.reset(vips_region_new(state_->image.get()));
  check_internal(state_->region != nullptr, "libvips can't make a region");
}

VipsReader::~VipsReader() = default;

PixelSize VipsReader::size() const {
  return {vips_image_get_width(state_->image.get()), vips_image_get_height(state_->image.get())};
}

int VipsReader::bands() const { return vips_image_get_bands(state_->image.get()); }

std::string VipsReader::format() const {
  return vips_enum_nick(VIPS_TYPE_BAND_FORMAT, vips_image_get_format(state_->image.get()));
}

std::optional<double> VipsReader::mpp() const {
  const std::optional<MppOfAxes> axes = scale_of_picture(state_->path, state_->image.get());
  return axes ? std::optional(axes->mean()) : std::nullopt;
}

void VipsReader::read_rows(std::int64_t y, std::int64_t count, std::uint8_t* out) {
  const PixelSize image = size();
  const VipsRect rows{0, static_cast<int>(y), static_cast<int>(image.width),
                      static_cast<int>(count)};
  if (vips_region_prepare(state_->region.get(), &rows) != 0)
    refuse_damaged(state_->path, vips_says());
  const auto bytes = static_cast<std::size_t>(image.width * bands());
  for (std::int64_t row = 0; row < count; ++row) {
    const void* from = VIPS_REGION_ADDR(state_->region.get(), 0, static_cast<int>(y + row));
    std::memcpy(out + static_cast<std::size_t>(row) * bytes, from, bytes);
  }
}

}  // namespace histoloom
