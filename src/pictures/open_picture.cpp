#include "histoloom/pictures/open_picture.h"

#include <vips/vips.h>

#include <algorithm>
#include <exception>
#include <mutex>

#include "decoded.h"
#include "histoloom/core/readable.h"
#include "mended_slide.h"
#include "refusals.h"
#include "slide_file.h"
#include "truncation.h"
#include "watched.h"
#include "whole_image.h"

namespace histoloom {

namespace {

// What libvips reads. The file is open while it is looked at and decoded only: a folder may hold
// thousands.
class ImageFile final : public PictureFile {
 public:
  ImageFile(const std::filesystem::path& path, PictureContent content);
  Picture read(int level, PixelPoint corner, PixelSize size) override;
  void release() override { whole_ = {}; }

 private:
  void decode();

  Picture whole_;
};

ImageFile::ImageFile(const std::filesystem::path& path, PictureContent content)
    : PictureFile(path, false, content) {
  const VipsPtr<VipsImage> image = open_whole(path, content);
  channels_ = vips_image_get_bands(image.get());
  if (const auto mpp = scale_of_picture(path, image.get())) mpp_ = mpp->mean();
  size_ = {vips_image_get_width(image.get()), vips_image_get_height(image.get())};
}

void ImageFile::decode() {
  whole_ = decoded(open_whole(path_, content_).get(), path_);
  require_unchanged(whole_.size == size_, path_);
}

Picture ImageFile::read(int, PixelPoint corner, PixelSize size) {
  if (whole_.samples.empty()) decode();
  const PixelRect wanted = PixelRect::at(corner, size);
  const PixelRect there = intersect(wanted, PixelRect::of(size_));
  const auto channels = static_cast<std::size_t>(whole_.channels);
  Picture out{size,
              std::vector<std::uint8_t>(static_cast<std::size_t>(size.area()) * channels, 255),
              whole_.channels};
  for (std::int64_t y = there.y0; y < there.y1 && there.x0 < there.x1; ++y)
    std::copy_n(whole_.at(there.x0, y), static_cast<std::size_t>(there.width()) * channels,
                out.at(there.x0 - corner.x, y - corner.y));
  return out;
}

struct RowsSink {
  const PictureFile::TakeRows& take;
  int channels;
  std::exception_ptr error;
  // libvips hands strips over by locks of GLib, which the thread sanitizer doesn't see.
  std::mutex mutex;
};

// Called by libvips for one strip after the other; no exception may cross its frames.
int take_strip(VipsRegion* region, VipsRect* area, void* data) {
  RowsSink& sink = *static_cast<RowsSink*>(data);
  const std::scoped_lock held(sink.mutex);
  try {
    sink.take({VIPS_REGION_ADDR(region, area->left, area->top),
               {area->width, area->height},
               sink.channels,
               static_cast<std::ptrdiff_t>(VIPS_REGION_LSKIP(region))});
    return 0;
  } catch (...) {
    sink.error = std::current_exception();
    return -1;
  }
}

}  // namespace

PictureFacts PictureFile::facts() const { return read_facts(path_, content_); }

void PictureFile::read_rows(int threads, const TakeRows& take) const {
  const VipsPtr<VipsImage> image = open_whole(path_, content_);
  require_unchanged(vips_image_get_width(image.get()) == size_.width &&
                        vips_image_get_height(image.get()) == size_.height,
                    path_);
  if (threads > 0) vips_concurrency_set(threads);
  RowsSink sink{take, vips_image_get_bands(image.get()), {}, {}};
  std::unique_lock held(sink.mutex);
  held.unlock();
  const Watched watched(image.get());
  const int code = vips_sink_disc(watched.image(), take_strip, &sink);
  held.lock();
  if (sink.error) {
    vips_error_clear();
    std::rethrow_exception(sink.error);
  }
  if (code != 0 || watched.failed()) refuse_damaged(path_, vips_says());
}

std::unique_ptr<PictureFile> open_picture(const std::filesystem::path& path) {
  require_usable(path, "an image or a slide");
  std::unique_ptr<PictureFile> slide = open_slide(path);
  if (slide && slide->is_scan()) return slide;  // OpenSlide's to judge
  if (is_tiff(path)) {
    const pyramid::TiffFile file = pyramid::read_tiff(path);
    require_whole(file);
    require_one_image(file);
    if (is_mended_slide(file)) return open_mended_slide(file);
  }
  return slide ? std::move(slide) : std::make_unique<ImageFile>(path, PictureContent::picture);
}

std::unique_ptr<PictureFile> open_mask(const std::filesystem::path& path) {
  require_usable(path, "a mask");
  return std::make_unique<ImageFile>(path, PictureContent::ids);
}

Picture read_picture(const std::filesystem::path& path) {
  require_usable(path, "an image");
  if (is_tiff(path)) require_one_image(pyramid::read_tiff(path));
  return decoded(open_whole(path, PictureContent::picture).get(), path);
}

Picture read_mask_picture(const std::filesystem::path& path) {
  require_usable(path, "a mask");
  return decoded(open_whole(path, PictureContent::ids).get(), path);
}

bool is_grey(const std::filesystem::path& path) {
  require_readable(path, "an image or a slide");
  const VipsPtr<VipsImage> image = open_vips_image(path);
  if (image) return vips_image_get_bands(image.get()) == 1;
  vips_error_clear();
  return false;
}

}  // namespace histoloom
