#include "mended_slide.h"

#include <vips/vips.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "decoded.h"
#include "refusals.h"
#include "tiff_source.h"
#include "whole_image.h"

namespace histoloom {

namespace {

std::vector<pyramid::TiffImage> levels_of(const pyramid::TiffFile& file) {
  std::vector<pyramid::TiffImage> out{file.chain[0]};
  const auto add = [&out](const pyramid::TiffImage& image) {
    if (image.tiled && image.size.width < out.back().size.width) out.push_back(image);
  };
  for (const pyramid::TiffImage& child : file.chain[0].children) add(child);
  for (std::size_t i = 1; i < file.chain.size(); ++i)
    if (file.chain[i].subfile == 1) add(file.chain[i]);
  return out;
}

class MendedSlide final : public PictureFile {
 public:
  explicit MendedSlide(const pyramid::TiffFile& file);

  int level_count() const override { return static_cast<int>(levels_.size()); }
  int level_for(double shrink) const override {
    int out = 0;
    for (int i = 1; i < level_count(); ++i)
      if (shrink_of(i) <= shrink) out = i;
    return out;
  }
  double shrink_of(int level) const override {
    const PixelSize size = levels_[static_cast<std::size_t>(level)].facts.size;
    return (static_cast<double>(size_.width) / static_cast<double>(size.width) +
            static_cast<double>(size_.height) / static_cast<double>(size.height)) /
           2;
  }
  Picture read(int level, PixelPoint corner, PixelSize size) override;
  void release() override {
    for (Level& level : levels_) level.region = nullptr, level.image = nullptr;
  }

 private:
  struct Level {
    pyramid::TiffImage facts;
    VipsPtr<VipsImage> image;  // opened when it is first read
    VipsPtr<VipsRegion> region;
  };
  void open(Level& level) const;

  pyramid::TiffFile file_;
  std::vector<Level> levels_;
};

MendedSlide::MendedSlide(const pyramid::TiffFile& file)
    : PictureFile(file.path, true, PictureContent::picture), file_(file) {
  const VipsPtr<VipsImage> image = open_whole(path_, content_);
  channels_ = vips_image_get_bands(image.get());
  size_ = {vips_image_get_width(image.get()), vips_image_get_height(image.get())};
  if (const auto mpp = scale_of_picture(path_, image.get())) mpp_ = mpp->mean();
  for (pyramid::TiffImage& level : levels_of(file))
    levels_.push_back({std::move(level), nullptr, nullptr});
}

void MendedSlide::open(Level& level) const {
  VipsPtr<VipsImage> image =
      open_directory(file_, level.facts, TiffContent::picture, /*sequential=*/false);
  level.image = on_white(taken(0, image.release(), path_), path_);
  require_unchanged(vips_image_get_width(level.image.get()) == level.facts.size.width &&
                        vips_image_get_bands(level.image.get()) == channels_,
                    path_);
  level.region.reset(vips_region_new(level.image.get()));
}

Picture MendedSlide::read(int index, PixelPoint corner, PixelSize size) {
  Level& level = levels_[static_cast<std::size_t>(index)];
  if (!level.region) open(level);
  const double shrink = shrink_of(index);
  const auto at_level = [&](std::int64_t x) {
    return static_cast<std::int64_t>(static_cast<double>(x) / shrink);
  };
  const PixelRect wanted = PixelRect::at({at_level(corner.x), at_level(corner.y)}, size);
  const PixelRect there = intersect(wanted, PixelRect::of(level.facts.size));
  const auto channels = static_cast<std::size_t>(channels_);
  Picture out{size,
              std::vector<std::uint8_t>(static_cast<std::size_t>(size.area()) * channels, 255),
              channels_};
  if (there.x0 >= there.x1 || there.y0 >= there.y1) return out;
  const VipsRect area{static_cast<int>(there.x0), static_cast<int>(there.y0),
                      static_cast<int>(there.width()), static_cast<int>(there.height())};
  if (vips_region_prepare(level.region.get(), &area) != 0) refuse_damaged(path_, vips_says());
  for (std::int64_t y = there.y0; y < there.y1; ++y)
    std::memcpy(out.at(there.x0 - wanted.x0, y - wanted.y0),
                VIPS_REGION_ADDR(level.region.get(), area.left, static_cast<int>(y)),
                static_cast<std::size_t>(there.width()) * channels);
  return out;
}

}  // namespace

namespace {

// OpenSlide 3.4.1 has libtiff mix colours with an alpha channel, and libtiff 4.5 puts the pixels of
// an image that is smaller than its tile in wrong places, with a word on stderr.
bool openslide_misreads(const pyramid::TiffImage& image) {
  return image.samples == 2 || image.samples == 4 || image.piece.width > image.size.width ||
         image.piece.height > image.size.height;
}

}  // namespace

bool is_mended_slide(const pyramid::TiffFile& file) {
  if (!file.chain[0].tiled) return false;
  const std::vector<pyramid::TiffImage> levels = levels_of(file);
  return std::any_of(levels.begin(), levels.end(), [](const pyramid::TiffImage& image) {
    return needs_mending(image) || openslide_misreads(image);
  });
}

std::unique_ptr<PictureFile> open_mended_slide(const pyramid::TiffFile& file) {
  return std::make_unique<MendedSlide>(file);
}

}  // namespace histoloom
