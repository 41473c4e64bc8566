#include "slide_images.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <set>

#include "histoloom/core/file.h"
#include "train/test_train.h"

namespace histoloom {
namespace {

using testing::HasSubstr;

constexpr Rgb kTissue{200, 120, 180}, kGlass{250, 250, 250};

class SlideImages : public testing::Test {
 protected:
  // A tiled TIFF that says what an Aperio slide says, with coarser levels or without.
  void write_slide(PixelSize size, const std::vector<std::uint8_t>& pixels, double mpp = 0,
                   bool pyramid = false) {
    start_vips();
    VipsImage* image =
        vips_image_new_from_memory(pixels.data(), pixels.size(), static_cast<int>(size.width),
                                   static_cast<int>(size.height), 3, VIPS_FORMAT_UCHAR);
    VipsImage* described = nullptr;
    ASSERT_EQ(vips_copy(image, &described, nullptr), 0);
    if (mpp > 0)
      vips_image_set_string(described, VIPS_META_IMAGEDESCRIPTION,
                            fmt::format("Aperio made by a test|MPP = {}", mpp).c_str());
    ASSERT_EQ(vips_tiffsave(described, file().c_str(), "tile", 1, "pyramid", pyramid ? 1 : 0,
                            "compression", VIPS_FOREIGN_TIFF_COMPRESSION_DEFLATE, nullptr),
              0)
        << vips_error_buffer();
    g_object_unref(described);
    g_object_unref(image);
  }
  std::filesystem::path file() const { return scratch_ / "slide.tif"; }
  std::vector<TrainingImage> read(const char* geojson = nullptr) {
    TrainingSlide slide{file(), {}};
    if (geojson != nullptr) {
      slide.labels = scratch_ / "labels.geojson";
      write_bytes(slide.labels, geojson);
    }
    return read_slide(slide, train_labels(), options_);
  }
  static std::string square(int x0, int y0, int x1, int y1) {
    return fmt::format(R"({{"type": "Feature",
        "properties": {{"classification": {{"name": "Other"}}}},
        "geometry": {{"type": "Polygon", "coordinates":
          [[[{0}, {1}], [{2}, {1}], [{2}, {3}], [{0}, {3}], [{0}, {1}]]]}}}})",
                       x0, y0, x1, y1);
  }

  ScratchDirectory scratch_;
  ImageSetOptions options_;
};

// OpenSlide shows the large one in three channels; the small one, which it misreads, has one.
TEST_F(SlideImages, InGreyAreRefused) {
  for (const int side : {300, 100}) {
    start_vips();
    VipsImage* grey = nullptr;
    ASSERT_EQ(vips_black(&grey, side, side, nullptr), 0);
    ASSERT_EQ(vips_tiffsave(grey, file().c_str(), "tile", 1, nullptr), 0) << vips_error_buffer();
    g_object_unref(grey);
    EXPECT_EQ(message_of([&] { read(); }),
              file().string() + ": must have the three bands RGB, got 1");
  }
}

// 20 megapixels: tissue right of the middle.
class LargeSlide : public SlideImages {
 protected:
  LargeSlide() {
    write_slide(kSize, pixels_of(kSize, [](std::int64_t x, std::int64_t y) {
                  if (x < 2560) return kGlass;
                  return Rgb{static_cast<std::uint8_t>(150 + x / 128),
                             static_cast<std::uint8_t>(100 + y / 128), 180};
                }));
  }
  static constexpr PixelSize kSize{5120, 4000};
};

TEST_F(LargeSlide, ComesInRegionsOfItsTissue) {
  const std::vector<TrainingImage> images = read();
  // Of 5 × 3 squares of 1024 px two columns lie in tissue, and one half.
  ASSERT_EQ(images.size(), 9u);
  std::set<std::string> names;
  for (const TrainingImage& image : images) {
    EXPECT_EQ(image.size, (PixelSize{1024, 1024}));
    EXPECT_EQ(image.pixels.size(), 3u * 1024 * 1024);
    EXPECT_TRUE(image.labels.empty());
    EXPECT_FALSE(image.labelled);
    names.insert(image.name);
  }
  // Rows start at (4000 − 3·1024) / 2 = 464.
  EXPECT_EQ(names.size(), 9u);
  EXPECT_TRUE(names.contains("slide at 2048,464"));
  EXPECT_TRUE(names.contains("slide at 4096,2512"));
  for (const TrainingImage& image : images) {
    if (image.name != "slide at 4096,2512") continue;
    EXPECT_EQ(image.pixels[0], 150 + 4096 / 128);
    EXPECT_EQ(image.pixels[1], 100 + 2512 / 128);
  }
}

TEST_F(LargeSlide, GivesSoManyRegionsAndTheSameAgain) {
  options_.regions = 4;
  const std::vector<TrainingImage> images = read(), again = read();
  ASSERT_EQ(images.size(), 4u);
  std::set<std::string> rows;
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(images[i].name, again[i].name);
    rows.insert(images[i].name.substr(images[i].name.find(',')));
  }
  EXPECT_GT(rows.size(), 1u) << "they come from one corner";
}

TEST_F(LargeSlide, RegionsWithAnnotationsComeFirst) {
  options_.regions = 1;
  for (const int row : {0, 1, 2}) {
    const int y = 464 + 1024 * row;
    const std::vector<TrainingImage> images =
        read(square(3072 + 80, y + 160, 3072 + 400, y + 320).c_str());
    ASSERT_EQ(images.size(), 1u);
    EXPECT_EQ(images[0].name, fmt::format("slide at 3072,{}", y));
    EXPECT_TRUE(images[0].labelled);
    ASSERT_EQ(images[0].labels.size(), 128u * 128u);
    for (std::size_t i = 0; i < images[0].labels.size(); ++i) {
      const std::size_t x = i % 128, y_cell = i / 128;
      EXPECT_EQ(images[0].labels[i], x >= 10 && x < 50 && y_cell >= 20 && y_cell < 40 ? 2 : 0);
    }
  }
}

TEST_F(SlideImages, ALargeSlideWithoutTissueIsNamed) {
  const PixelSize size{4200, 4200};
  write_slide(size, std::vector<std::uint8_t>(static_cast<std::size_t>(3 * size.area()), 245));
  EXPECT_EQ(message_of([&] { read(); }),
            file().string() +
                ": has no tissue: none of its 16 regions of 1024x1024 px is a quarter of it");
}

TEST_F(SlideImages, AFinerSlideIsScaledToTheModel) {
  const PixelSize size{640, 320};
  write_slide(
      size,
      pixels_of(size, [](std::int64_t x, std::int64_t) { return x < 320 ? kTissue : kGlass; }),
      0.25);
  options_.mpp = 0.5;
  const std::vector<TrainingImage> images = read(square(64, 32, 192, 160).c_str());
  ASSERT_EQ(images.size(), 1u);
  EXPECT_EQ(images[0].name, "slide");
  ASSERT_EQ(images[0].size, (PixelSize{320, 160}));
  for (const std::int64_t x : {0, 140, 180, 319}) {
    const auto at = static_cast<std::size_t>(3 * (80 * 320 + x));
    for (std::size_t c = 0; c < 3; ++c)
      EXPECT_NEAR(images[0].pixels[at + c], x < 160 ? kTissue[c] : kGlass[c], 1) << x;
  }
  ASSERT_EQ(images[0].labels.size(), 40u * 20u);
  for (std::size_t i = 0; i < 40 * 20; ++i) {
    const std::size_t x = i % 40, y = i / 40;
    EXPECT_EQ(images[0].labels[i], x >= 4 && x < 12 && y >= 2 && y < 10 ? 2 : 0) << x << "," << y;
  }
}

TEST_F(SlideImages, ACoarserLevelIsUsedWhereItIsFineEnough) {
  // Checks of one pixel are gone in a level of half the size, and would be so in a resize of the
  // finest; what is left is grey in both.
  const PixelSize size{1024, 1024};
  write_slide(size,
              pixels_of(size,
                        [](std::int64_t x, std::int64_t y) {
                          return (x + y) % 2 == 0 ? Rgb{0, 0, 0} : Rgb{200, 200, 200};
                        }),
              0.125, true);
  options_.mpp = 0.5;
  const std::vector<TrainingImage> images = read();
  ASSERT_EQ(images.at(0).size, (PixelSize{256, 256}));
  for (const std::size_t i : {0u, 3u * 256 * 128 + 300, 3u * 256 * 256 - 1})
    EXPECT_NEAR(images[0].pixels[i], 100, 3);
}

TEST_F(SlideImages, NearlyTheModelsResolutionIsTakenAsItIs) {
  const PixelSize size{300, 140};
  const auto pixels = blobs(size, 1);
  options_.mpp = 0.5;
  for (const double mpp : {0.48, 0.5, 0.52, 0.0}) {  // the last: none is stated
    write_slide(size, pixels, mpp);
    const std::vector<TrainingImage> images = read();
    EXPECT_EQ(images.at(0).size, size);
    EXPECT_EQ(images[0].pixels, pixels);
  }
}

TEST_F(SlideImages, ACoarserSlideIsRefused) {
  write_slide({200, 100}, blobs({200, 100}, 1), 1.01);
  options_.mpp = 0.5;
  EXPECT_EQ(message_of([&] { read(); }),
            file().string() +
                ": has 1.01 microns a pixel, the model 0.5; a slide that is coarser than the "
                "model can't teach it");
}

TEST_F(SlideImages, AnnotationsOfAScaledSlideAreCheckedAgainstTheSlideItself) {
  write_slide({640, 320}, blobs({640, 320}, 1), 0.25);
  options_.mpp = 0.5;
  EXPECT_THAT(message_of([&] { read(square(700, 0, 900, 90).c_str()); }),
              HasSubstr("annotation 1 lies outside of the slide of 640x320 px"));
  EXPECT_EQ(message_of([&] { read(square(400, 0, 600, 90).c_str()); }), "");
}

}  // namespace
}  // namespace histoloom
