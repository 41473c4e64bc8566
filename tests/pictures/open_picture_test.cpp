// Pictures through the one door: the same pixels however they are stored and asked for.
#include "histoloom/pictures/open_picture.h"

#include <gmock/gmock.h>

#include <cstdlib>

#include "histoloom/pictures/scaled_picture.h"
#include "test_images.h"

namespace histoloom {
namespace {

namespace fs = std::filesystem;

constexpr PixelSize kSize{333, 270};

class OpenPicture : public testing::Test {
 protected:
  std::unique_ptr<PictureFile> opened(const std::string& target, const Picture& picture,
                                      const ImageOnDisk& as = {}) {
    return open_picture(save_image(folder_, target, picture, as));
  }
  ScratchDirectory folder_;
};

Picture rows_of(const PictureFile& file, int threads) {
  Picture out{file.size(), {}, 0};
  file.read_rows(threads, [&](const PictureView& rows) {
    out.channels = rows.channels;
    for (std::int64_t y = 0; y < rows.size.height; ++y)
      out.samples.insert(out.samples.end(), rows.row(y),
                         rows.row(y) + rows.size.width * rows.channels);
  });
  return out;
}

TEST_F(OpenPicture, GivesTheSamePixelsByRowsAndByRegions) {
  const Picture picture = noise_picture(kSize, 3);
  for (const char* target : {"a.png", "a.ppm", "a.tif", "b.tif[tile,compression=deflate]"}) {
    SCOPED_TRACE(target);
    const auto file = opened(target, picture);
    EXPECT_EQ(file->size(), kSize);
    EXPECT_EQ(file->channels(), 3);
    EXPECT_EQ(file->by_tiles(), std::string(target).starts_with("b"));
    EXPECT_FALSE(file->is_slide());
    EXPECT_EQ(rows_of(*file, 2).samples, picture.samples);
    for (int i = 0; i < 2; ++i, file->release()) {
      const Picture region = file->region({100, 17, 140, 60});
      EXPECT_EQ(region.size, (PixelSize{40, 43}));
      for (std::int64_t y = 0; y < 43; ++y)
        EXPECT_TRUE(std::equal(region.at(0, y), region.at(0, y) + 120, picture.at(100, 17 + y)));
    }
  }
}

TEST_F(OpenPicture, WhatLiesOutsideIsWhite) {
  const Picture picture = noise_picture(kSize, 3);
  for (const char* target : {"a.png", "b.tif[tile,compression=deflate]"}) {
    const auto file = opened(target, picture);
    const Picture read = file->read(0, {329, 268}, {6, 4});
    for (std::int64_t y = 0; y < 4; ++y)
      for (std::int64_t x = 0; x < 6; ++x)
        EXPECT_EQ(*read.at(x, y), x < 4 && y < 2 ? *picture.at(329 + x, 268 + y) : 255)
            << target << " " << x << "," << y;
    EXPECT_EQ(file->read(0, {1000, 1000}, {2, 2}).samples, std::vector<std::uint8_t>(12, 255));
  }
}

TEST_F(OpenPicture, GreyStaysGreyAndAlphaIsLaidOnWhite) {
  const Picture grey = noise_picture({40, 30}, 1);
  const auto file = opened("grey.png", grey, {.space = VIPS_INTERPRETATION_B_W});
  EXPECT_EQ(file->channels(), 1);
  EXPECT_EQ(file->region({0, 0, 40, 30}).samples, grey.samples);
  EXPECT_TRUE(is_grey(file->path()));

  Picture clear = noise_picture({40, 30}, 4);
  for (std::size_t i = 3; i < clear.samples.size(); i += 4) clear.samples[i] = 0;
  const auto over = opened("clear.png", clear);
  EXPECT_EQ(over->channels(), 3);
  EXPECT_EQ(over->facts().channels, 3);
  EXPECT_EQ(over->region({0, 0, 40, 30}).samples, std::vector<std::uint8_t>(3600, 255));
  EXPECT_EQ(read_picture(over->path()).samples, std::vector<std::uint8_t>(3600, 255));
}

TEST_F(OpenPicture, AResolutionIsAScaleUpTo10MicronsAndAStatementAlways) {
  const Picture picture = noise_picture({64, 64}, 3);
  const auto mpp = [&](const char* target, double by_tags, const std::string& description = "") {
    const auto file = opened(target, picture, {.mpp = by_tags, .description = description});
    return std::pair(file->mpp(), file->facts().mpp);
  };
  for (const char* target : {"a.png", "a.tif[tile]"}) {
    EXPECT_NEAR(mpp(target, 9.9).first.value_or(0), 9.9, 0.01) << target;
    EXPECT_NEAR(mpp(target, 9.9).second.value_or(0), 9.9, 0.01) << target;
    for (const double print : {10.1, 85.0, 353.0})
      EXPECT_EQ(mpp(target, print), std::pair(std::optional<double>(), std::optional<double>()));
  }
  const auto stated = mpp("a.tif[tile]", 85, "Aperio made by a test|MPP = 16");
  EXPECT_EQ(stated.first, 16);
  EXPECT_EQ(stated.second, 16);
}

TEST_F(OpenPicture, APyramidIsASlideWhoseLevelsAreChosenByWhatTheyShrink) {
  Picture plain{{1024, 512}, std::vector<std::uint8_t>(3 * 1024 * 512, 90)};
  const auto file = opened("a.tif[tile,pyramid,tile-width=64,tile-height=64]", plain);
  EXPECT_TRUE(file->is_slide());
  EXPECT_FALSE(file->is_scan());
  ASSERT_GE(file->level_count(), 3);
  EXPECT_EQ(file->level_for(0.5), 0);
  EXPECT_EQ(file->level_for(1.9), 0);
  EXPECT_EQ(file->level_for(2), 1);
  EXPECT_EQ(file->level_for(4.1), 2);
  EXPECT_EQ(file->shrink_of(2), 4);
  EXPECT_EQ(file->read(2, {512, 256}, {10, 5}).samples, std::vector<std::uint8_t>(150, 90));
}

TEST_F(OpenPicture, ScaledIsResizedFromTheNextFinerLevel) {
  // Halves of two greys, which no kernel changes far from their border.
  Picture halves{{640, 320}, {}};
  for (int i = 0; i < 640 * 320; ++i)
    halves.samples.insert(halves.samples.end(), 3, i % 640 < 320 ? 60 : 200);
  for (const char* target : {"a.png", "a.tif[tile,pyramid,tile-width=64,tile-height=64]"}) {
    SCOPED_TRACE(target);
    const auto file = opened(target, halves);
    const ScaledPicture scaled(*file, 2.5);
    EXPECT_EQ(scaled.size(), (PixelSize{256, 128}));
    const Picture region = scaled.region({100, 20, 156, 60});
    EXPECT_EQ(region.size, (PixelSize{56, 40}));
    EXPECT_EQ(*region.at(10, 20), 60);
    EXPECT_EQ(*region.at(46, 20), 200);
    const Picture overview = scaled.overview({0, 0, 256, 128}, 4);
    EXPECT_EQ(overview.size, file->is_slide() ? (PixelSize{80, 40}) : (PixelSize{640, 320}));
    EXPECT_EQ(ScaledPicture(*file, 1).size(), file->size());
  }
}

}  // namespace
}  // namespace histoloom
