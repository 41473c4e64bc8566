#include "histoloom/evaluate/patch_source.h"

#include <fmt/format.h>
#include <openslide/openslide.h>
#include <vips/vips.h>

#include <cstdlib>
#include <string_view>

#include "histoloom/core/error.h"
#include "histoloom/labels/argb.h"
#include "histoloom/labels/image_8bit.h"
#include "histoloom/labels/stated_mpp.h"
#include "histoloom/labels/vips.h"

namespace histoloom::evaluate {

namespace fs = std::filesystem;

namespace {

constexpr double kMaxMpp = 10;  // more is the resolution of a print, not of a microscope

[[noreturn]] void refuse_bands(const fs::path& path, int bands) {
  throw UserError(fmt::format("{}: must have the three bands RGB, got {}", path.string(), bands));
}

VipsPtr<VipsImage> open_rgb(const fs::path& path) {
  VipsPtr<VipsImage> image = open_8bit_image(path);
  const int bands = vips_image_get_bands(image.get());
  if (bands != static_cast<int>(kChannels)) refuse_bands(path, bands);
  return image;
}

// Microns a pixel, where the image's resolution is one of a microscope.
std::optional<double> resolution_of(VipsImage* image) {
  const double x = 1000 / vips_image_get_xres(image), y = 1000 / vips_image_get_yres(image);
  if (!(x > 0 && y > 0 && x <= kMaxMpp && y <= kMaxMpp)) return std::nullopt;
  return (x + y) / 2;
}

// ---- Slides

using Slide = std::unique_ptr<openslide_t, decltype(&openslide_close)>;

class SlideSource final : public PatchSource {
 public:
  // `generic`: a tiled TIFF of no scanner's format.
  SlideSource(const fs::path& path, bool generic);
  const fs::path& path() const override { return path_; }
  PixelSize size() const override { return size_; }
  std::optional<double> mpp() const override { return mpp_; }
  bool is_slide() const override {
    return !generic_ || openslide_get_level_count(slide_.get()) > 1;
  }
  Picture read(const PixelRect& rect) override;

 private:
  std::optional<double> stated_mpp() const;
  void look_at_generic();
  void check() const {
    if (const char* error = openslide_get_error(slide_.get()))
      throw UserError(fmt::format("{}: {}", path_.string(), error));
  }

  fs::path path_;
  bool generic_;
  Slide slide_;
  PixelSize size_;
  std::optional<double> mpp_;
};

SlideSource::SlideSource(const fs::path& path, bool generic)
    : path_(path), generic_(generic), slide_(openslide_open(path.c_str()), openslide_close) {
  if (!slide_)
    throw UserError(fmt::format("{}: is not a slide that OpenSlide reads", path_.string()));
  check();
  openslide_get_level0_dimensions(slide_.get(), &size_.width, &size_.height);
  mpp_ = stated_mpp();
  if (generic) look_at_generic();
}

// OpenSlide gives colours to a mask of one band too, and version 3 doesn't read a resolution.
void SlideSource::look_at_generic() {
  const VipsPtr<VipsImage> image = open_vips_image(path_);
  if (!image) return;  // OpenSlide reads what libvips doesn't
  const int bands = vips_image_get_bands(image.get());
  if (bands < static_cast<int>(kChannels)) refuse_bands(path_, bands);
  if (!mpp_) mpp_ = resolution_of(image.get());
}

std::optional<double> SlideSource::stated_mpp() const {
  const auto property = [this](const char* name) {
    return openslide_get_property_value(slide_.get(), name);
  };
  return histoloom::stated_mpp(property(OPENSLIDE_PROPERTY_NAME_MPP_X),
                               property(OPENSLIDE_PROPERTY_NAME_MPP_Y));
}

Picture SlideSource::read(const PixelRect& rect) {
  std::vector<std::uint32_t> argb(static_cast<std::size_t>(rect.area()));
  openslide_read_region(slide_.get(), argb.data(), rect.x0, rect.y0, 0, rect.width(),
                        rect.height());
  check();
  Picture out{rect.size(), {}};
  append_on_white(argb, out.rgb);
  return out;
}

// ---- Other images

class ImageSource final : public PatchSource {
 public:
  explicit ImageSource(const fs::path& path) : path_(path) {
    const VipsPtr<VipsImage> image = open_rgb(path);
    size_ = {vips_image_get_width(image.get()), vips_image_get_height(image.get())};
    mpp_ = resolution_of(image.get());
  }
  const fs::path& path() const override { return path_; }
  PixelSize size() const override { return size_; }
  std::optional<double> mpp() const override { return mpp_; }
  Picture read(const PixelRect& rect) override {
    if (whole_.rgb.empty()) decode();
    return crop(whole_, rect);
  }
  void release() override { whole_ = {}; }

 private:
  void decode();

  fs::path path_;
  PixelSize size_;
  std::optional<double> mpp_;
  Picture whole_;
};

void ImageSource::decode() {
  Image8Bit image = decode_8bit_image(open_rgb(path_).get(), path_);
  whole_ = {image.size, std::move(image.samples)};
  if (whole_.size != size_)
    throw UserError(fmt::format("{}: has changed while it was read", path_.string()));
}

}  // namespace

std::unique_ptr<PatchSource> open_patch_source(const fs::path& path) {
  start_vips();
  require_readable(path, "an image or a slide");
  if (const char* vendor = openslide_detect_vendor(path.c_str()))
    return std::make_unique<SlideSource>(path, vendor == std::string_view("generic-tiff"));
  return std::make_unique<ImageSource>(path);
}

namespace {
constexpr int kSourceBits = 24, kColumnBits = 20;
}  // namespace

PartId part_of(std::size_t source, PixelPoint place) {
  constexpr std::int64_t kSide = 1024;
  check_internal(source < PartId{1} << kSourceBits, "too many sources");
  return source | static_cast<PartId>(place.x / kSide) << kSourceBits |
         static_cast<PartId>(place.y / kSide) << (kSourceBits + kColumnBits);
}

std::size_t source_of(PartId part) { return part & ((PartId{1} << kSourceBits) - 1); }

}  // namespace histoloom::evaluate
