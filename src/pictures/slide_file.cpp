#include "slide_file.h"

#include <fmt/format.h>
#include <openslide.h>
#include <vips/vips.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "argb.h"
#include "decoded.h"
#include "histoloom/core/error.h"
#include "refusals.h"
#include "stated_mpp.h"
#include "truncation.h"
#include "whole_image.h"

namespace histoloom {

namespace {

using Slide = std::unique_ptr<openslide_t, decltype(&openslide_close)>;

class SlideFile final : public PictureFile {
 public:
  // `slide` is open, without an error.
  SlideFile(const std::filesystem::path& path, bool scan, Slide slide);

  int level_count() const override { return openslide_get_level_count(slide_.get()); }
  int level_for(double shrink) const override {
    return std::max(0, openslide_get_best_level_for_downsample(slide_.get(), shrink));
  }
  double shrink_of(int level) const override {
    return openslide_get_level_downsample(slide_.get(), level);
  }
  Picture read(int level, PixelPoint corner, PixelSize size) override;

 private:
  void look_at_tags();

  Slide slide_;
};

SlideFile::SlideFile(const std::filesystem::path& path, bool scan, Slide slide)
    : PictureFile(path, true, scan ? PictureContent::scan : PictureContent::picture),
      slide_(std::move(slide)) {
  openslide_get_level0_dimensions(slide_.get(), &size_.width, &size_.height);
  const auto property = [this](const char* name) {
    return openslide_get_property_value(slide_.get(), name);
  };
  mpp_ =
      stated_mpp(property(OPENSLIDE_PROPERTY_NAME_MPP_X), property(OPENSLIDE_PROPERTY_NAME_MPP_Y));
  if (!scan) look_at_tags();
  if (mpp_) return;
  if (const auto mpp = scale_of_picture(path, nullptr)) mpp_ = mpp->mean();
}

// OpenSlide gives colours to a mask of one band too.
void SlideFile::look_at_tags() {
  VipsPtr<VipsImage> image = open_vips_image(path_);
  if (!image) return vips_error_clear();  // OpenSlide reads what libvips doesn't
  channels_ = vips_image_get_bands(on_white(std::move(image), path_).get());
}

Picture SlideFile::read(int level, PixelPoint corner, PixelSize size) {
  std::vector<std::uint32_t> argb(static_cast<std::size_t>(size.area()));
  openslide_read_region(slide_.get(), argb.data(), corner.x, corner.y, level, size.width,
                        size.height);
  if (const char* error = openslide_get_error(slide_.get())) refuse_damaged(path_, error);
  Picture out{size, {}};
  append_on_white(argb, out.samples);
  return out;
}

// OpenSlide goes by the tags, other programs by the stream.
void require_one_colour(const std::filesystem::path& path) {
  if (!is_tiff(path)) return;
  const pyramid::TiffFile file = pyramid::read_tiff(path);
  for (std::size_t i = 0; i < file.chain.size(); ++i) {
    const pyramid::TiffImage& image = file.chain[i];
    if (!image.tiled || pyramid::stream_colours(image) == image.photometric) continue;
    constexpr int kRgb = 2;
    const bool rgb = image.photometric == kRgb;
    throw UserError(
        fmt::format("{}: PhotometricInterpretation of directory {} says {}, but its JPEG says {}; "
                    "readers show different colours; export it again, as another format",
                    path.string(), i, rgb ? "RGB" : "YCbCr", rgb ? "YCbCr" : "RGB"));
  }
}

}  // namespace

std::unique_ptr<PictureFile> open_slide(const std::filesystem::path& path) {
  const char* vendor = openslide_detect_vendor(path.c_str());
  if (vendor == nullptr) return nullptr;
  const bool scan = vendor != std::string_view("generic-tiff");
  Slide slide(openslide_open(path.c_str()), openslide_close);
  const char* error = slide ? openslide_get_error(slide.get()) : "OpenSlide can't open it";
  if (scan) require_one_colour(path);
  if (error == nullptr) return std::make_unique<SlideFile>(path, scan, std::move(slide));
  if (scan) refuse_damaged(path, error);
  return nullptr;
}

}  // namespace histoloom
