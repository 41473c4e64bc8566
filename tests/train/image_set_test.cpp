#include "histoloom/train/image_set.h"

#include <gmock/gmock.h>

#include <set>

#include "histoloom/core/file.h"
#include "train/test_train.h"

namespace histoloom {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::StartsWith;

class ImageSet : public testing::Test {
 protected:
  ImageSet() { options_.images = scratch_.path(); }
  std::vector<TrainingImage> read() { return read_image_set(options_, train_labels()); }
  std::string error() {
    return message_of([&] { read(); });
  }
  std::vector<std::string> names_of(bool held_out) {
    options_.held_out = held_out;
    std::vector<std::string> out;
    for (const TrainingImage& image : read()) out.push_back(image.name);
    return out;
  }
  std::string in(const char* file, const char* what) {
    return (scratch_ / file).string() + ": " + what;
  }
  void write_patch(const char* name, PixelSize size) {
    write_image(scratch_ / name, size, 3, blobs(size, 0.5));
  }

  ScratchDirectory scratch_;
  ImageSetOptions options_;
};

TEST_F(ImageSet, ReadsPixelsAndMasksByName) {
  const PixelSize size{33, 17};
  const auto pixels = blobs(size, 1);
  write_image(scratch_ / "b.png", size, 3, pixels);
  write_image(scratch_ / "a.png", size, 3, blobs(size, 2));
  write_image(scratch_ / "b_mask.png", size, 1, std::vector<std::uint8_t>(33 * 17, 2));
  write_bytes(scratch_ / "notes.txt", "not an image");
  const std::vector<TrainingImage> images = read();
  ASSERT_EQ(images.size(), 2u);
  EXPECT_EQ(images[0].name, "a");
  EXPECT_FALSE(images[0].labelled);
  EXPECT_THAT(images[0].labels, Each(0));
  EXPECT_EQ(images[1].name, "b");
  EXPECT_EQ(images[1].size, size);
  EXPECT_EQ(images[1].pixels, pixels);
  EXPECT_TRUE(images[1].labelled);
  EXPECT_EQ(images[1].labels, std::vector<LabelId>(5 * 3, 2));
}

TEST_F(ImageSet, JpegAndTiffAreReadTooHoweverTheirEndingsAreWritten) {
  const PixelSize size{32, 16};
  write_patch("a.PNG", size);
  write_image(scratch_ / "a_mask.tif", size, 1, std::vector<std::uint8_t>(512, 2));
  write_patch("b.tif", size);
  const std::vector<std::uint8_t> pixels = blobs(size, 2);
  VipsImage* image =
      vips_image_new_from_memory(pixels.data(), pixels.size(), 32, 16, 3, VIPS_FORMAT_UCHAR);
  ASSERT_EQ(vips_jpegsave(image, (scratch_ / "c.jpeg").c_str(), "Q", 95, nullptr), 0);
  g_object_unref(image);
  write_bytes(scratch_ / "notes.txt", "no image");
  const auto images = read();
  ASSERT_EQ(images.size(), 3u);
  EXPECT_EQ(images[0].name, "a");
  EXPECT_THAT(images[0].labels, Each(2));
  EXPECT_FALSE(images[1].labelled);
  EXPECT_EQ(images[1].pixels, blobs(size, 0.5));
  EXPECT_EQ(images[2].name, "c");
  EXPECT_NEAR(images[2].pixels[0], pixels[0], 12);
}

TEST_F(ImageSet, ACellTakesTheLabelOfMostOfItsPixels) {
  const PixelSize size{20, 8};  // the last cell is half a cell wide
  write_image(scratch_ / "a.png", size, 3, blobs(size, 0));
  std::vector<std::uint8_t> mask(20 * 8);
  const auto fill = [&](std::int64_t x0, std::int64_t x1, std::int64_t y0, std::int64_t y1,
                        int id) {
    for (std::int64_t y = y0; y < y1; ++y)
      for (std::int64_t x = x0; x < x1; ++x)
        mask[static_cast<std::size_t>(y * 20 + x)] = static_cast<std::uint8_t>(id);
  };
  fill(0, 8, 0, 5, 1);    // 40 of 64 pixels
  fill(8, 16, 0, 4, 2);   // half of them: a tie with unknown
  fill(16, 20, 0, 3, 1);  // 12 of 32
  write_image(scratch_ / "a_mask.png", size, 1, mask);
  EXPECT_THAT(read()[0].labels, ElementsAre(1, 2, 0));
}

TEST_F(ImageSet, GlassIsFoundInLabelledAndUnlabelledImages) {
  const PixelSize size{160, 96};
  const auto pixels = pixels_of(size, [](std::int64_t x, std::int64_t) {
    return x < 80 ? Rgb{244, 243, 245} : Rgb{200, 120, 160};
  });
  write_image(scratch_ / "a.png", size, 3, pixels);
  write_image(scratch_ / "b.png", size, 3, pixels);
  write_image(scratch_ / "b_mask.png", size, 1, std::vector<std::uint8_t>(160 * 96, 1));
  const auto images = read();
  for (std::size_t i = 0; i < 20 * 12; ++i) {
    const bool glass = i % 20 < 10;
    EXPECT_EQ(images[0].labels[i], glass ? 3 : 0);
    EXPECT_EQ(images[1].labels[i], glass ? 3 : 1);
  }
}

TEST_F(ImageSet, TheHeldOutSplitIsDisjointAndComplete) {
  for (int i = 0; i < 11; ++i)
    write_patch(("p" + std::to_string(100 + i) + ".png").c_str(), {16, 8});
  const auto names = [&](int every, bool held_out) {
    options_.held_out_every = every;
    options_.held_out = held_out;
    std::set<std::string> out;
    for (const TrainingImage& image : read()) EXPECT_TRUE(out.insert(image.name).second);
    return out;
  };
  const std::set<std::string> all = names(0, false);
  EXPECT_EQ(all.size(), 11u);
  for (const int every : {2, 5, 11}) {
    const std::set<std::string> kept = names(every, false), out = names(every, true);
    EXPECT_EQ(out.size(), static_cast<std::size_t>((11 + every - 1) / every));
    std::set<std::string> both = kept;
    both.insert(out.begin(), out.end());
    EXPECT_EQ(kept.size() + out.size(), 11u);
    EXPECT_EQ(both, all);
  }
}

TEST_F(ImageSet, ImagesOfOneSourceAreHeldOutTogether) {
  for (const char* name : {"b-1.png", "a-1.png", "c-7.png", "a-2.png", "d-1.png", "b-2.png"})
    write_patch(name, {16, 8});
  options_.held_out_every = 2;
  options_.source = "^[^-]+";
  EXPECT_THAT(names_of(true), ElementsAre("a-1", "a-2", "c-7"));
  EXPECT_THAT(names_of(false), ElementsAre("b-1", "b-2", "d-1"));
  options_.source = "-(.)";  // the group, not all that is found
  EXPECT_THAT(names_of(true), ElementsAre("a-1", "b-1", "c-7", "d-1"));
  options_.held_out_every = 3;
  EXPECT_THAT(names_of(false), ElementsAre("a-2", "b-2", "c-7"));
}

TEST_F(ImageSet, SetsThatAreSplitTogetherCountTheirSourcesTogether) {
  for (const char* name : {"p2_x.png", "p3_x.png"}) write_patch(name, {16, 8});
  options_.source = "^[^_]+";
  options_.held_out_every = 2;
  EXPECT_THAT(names_of(true), ElementsAre("p2_x"));
  options_.names_before = {"p1_a", "p1_b", "p2_a"};
  EXPECT_THAT(names_of(true), ElementsAre("p3_x"));
  EXPECT_THAT(names_of(false), ElementsAre("p2_x"));
  // All of a set may lie on one side.
  options_.names_before = {"p2_a", "p1_a", "p3_a"};
  EXPECT_THAT(names_of(true), ElementsAre("p2_x", "p3_x"));
  EXPECT_THAT(message_of([&] { names_of(false); }), StartsWith("no image is left to train on"));
  options_.may_be_empty = true;
  EXPECT_THAT(names_of(false), ElementsAre());
}

TEST_F(ImageSet, OfSlidesEveryNthIsHeldOut) {
  options_.images.clear();
  for (const char* name : {"a.tif", "b.tif", "c.tif", "d.tif", "e.tif"}) {
    write_image(scratch_ / name, {64, 64}, 3, blobs({64, 64}, 1));
    options_.slides.push_back({scratch_ / name, {}});
  }
  options_.held_out_every = 2;
  EXPECT_THAT(names_of(true), ElementsAre("b", "d"));
  EXPECT_THAT(names_of(false), ElementsAre("a", "c", "e"));
}

TEST_F(ImageSet, SlidesAndImagesOfOneSourceAreHeldOutTogether) {
  for (const char* name : {"a-1.png", "b-1.png", "b-2.png"}) write_patch(name, {16, 8});
  for (const char* name : {"c-slide.tif", "a-slide.tif"}) {
    write_image(scratch_ / name, {64, 64}, 3, blobs({64, 64}, 1));
    options_.slides.push_back({scratch_ / name, {}});
  }
  options_.held_out_every = 3;
  options_.source = "^[^-]+";
  EXPECT_THAT(names_of(true), ElementsAre("a-1", "a-slide"));
  EXPECT_THAT(names_of(false), ElementsAre("b-1", "b-2", "c-slide"));
  options_.images.clear();
  EXPECT_THAT(names_of(true), ElementsAre("c-slide"));
}

TEST_F(ImageSet, SmallSlidesAreReadWhole) {
  const PixelSize size{300, 140};
  const auto pixels = blobs(size, 3);
  write_image(scratch_ / "slide.tif", size, 3, pixels);
  options_.images.clear();
  options_.slides = {{scratch_ / "slide.tif", {}}};
  const auto images = read();
  ASSERT_EQ(images.size(), 1u);
  EXPECT_EQ(images[0].name, "slide");
  EXPECT_EQ(images[0].size, size);
  EXPECT_EQ(images[0].pixels, pixels);
  EXPECT_FALSE(images[0].labelled);
  EXPECT_EQ(images[0].labels.size(), 38u * 18u);
}

// A square of tissue, in a part of which there is glass.
const char kSquare[] = R"({"type": "Feature",
  "properties": {"classification": {"name": "Other"}},
  "geometry": {"type": "Polygon",
               "coordinates": [[[160, 40], [304, 40], [304, 104], [160, 104], [160, 40]]]}})";

TEST_F(ImageSet, ASlidesAnnotationsAreItsLabels) {
  const PixelSize size{320, 144};
  write_image(scratch_ / "slide.tif", size, 3, pixels_of(size, [](std::int64_t x, std::int64_t) {
                return x < 240 ? Rgb{200, 120, 180} : Rgb{250, 250, 250};
              }));
  write_bytes(scratch_ / "labels.geojson", kSquare);
  options_.images.clear();
  options_.slides = {{scratch_ / "slide.tif", scratch_ / "labels.geojson"}};
  const auto images = read();
  ASSERT_EQ(images.size(), 1u);
  EXPECT_TRUE(images[0].labelled);
  ASSERT_EQ(images[0].labels.size(), 40u * 18u);
  for (std::size_t i = 0; i < images[0].labels.size(); ++i) {
    const std::size_t x = i % 40, y = i / 40;
    const bool inside = x >= 20 && x < 38 && y >= 5 && y < 13;
    EXPECT_EQ(images[0].labels[i], x >= 30 ? 3 : inside ? 2 : 0) << x << "," << y;
  }
}

TEST_F(ImageSet, AnnotationsOfAnotherSlideAreRefused) {
  write_image(scratch_ / "slide.tif", {100, 38}, 3, blobs({100, 38}, 0));
  write_bytes(scratch_ / "labels.geojson", kSquare);
  options_.images.clear();
  options_.slides = {{scratch_ / "slide.tif", scratch_ / "labels.geojson"}};
  EXPECT_EQ(error(), in("labels.geojson",
                        "annotation 1 lies outside of the slide of 100x38 px: it reaches from "
                        "(160, 40) to (304, 104); is it of another slide? If not, remove it"));
  options_.slides[0].labels = scratch_ / "nowhere.geojson";
  EXPECT_EQ(error(), (scratch_ / "nowhere.geojson").string() +
                         " can't be opened: No such file or directory; check the path");
}

TEST(TrainingSlide, AGeojsonAfterTheLastColonIsItsLabels) {
  EXPECT_EQ(parse_training_slide("a.svs").file, "a.svs");
  EXPECT_EQ(parse_training_slide("a.svs").labels, "");
  EXPECT_EQ(parse_training_slide("x:y/a.svs:b.geojson").file, "x:y/a.svs");
  EXPECT_EQ(parse_training_slide("x:y/a.svs:b.geojson").labels, "b.geojson");
  EXPECT_EQ(parse_training_slide("x:y/a.svs").file, "x:y/a.svs");
}

// ---- Errors

TEST_F(ImageSet, FoldersWithoutImagesAreRefused) {
  write_bytes(scratch_ / "a_mask.png", "only a mask");
  EXPECT_EQ(error(), scratch_.path().string() +
                         ": holds no NAME.png, .jpg or .tif; training images are expected there");
  options_.images = scratch_ / "nowhere";
  EXPECT_EQ(error(), in("nowhere", "can't be listed: No such file or directory"));
}

TEST_F(ImageSet, TwoImagesOfOneNameAreRefused) {
  write_patch("a.png", {16, 8});
  write_patch("a.tif", {16, 8});
  EXPECT_EQ(error(), in("a.tif", "has the same name as a.png; rename one of them"));
}

TEST_F(ImageSet, WhatIsNoRgbImageIsRefused) {
  const PixelSize size{16, 8};
  write_bytes(scratch_ / "a.png", "no image");
  EXPECT_THAT(error(), StartsWith((scratch_ / "a.png").string() +
                                  " can't be read as an image, it may be damaged ("));
  write_image(scratch_ / "a.png", size, 1, std::vector<std::uint8_t>(128));
  EXPECT_EQ(error(), in("a.png", "must have the three bands RGB, got 1"));
}

TEST_F(ImageSet, TransparentPixelsAreWhite) {
  write_image(scratch_ / "a.png", {16, 8}, 4, std::vector<std::uint8_t>(512));
  EXPECT_THAT(read().at(0).pixels, Each(255));
}

TEST_F(ImageSet, MasksAreFoundByTheirNamesInCapitalsToo) {
  const std::vector<std::uint8_t> ones(128, 1), twos(128, 2);
  for (const char* mask : {"a_MASK.png", "a_Mask.PNG", "a_mask.png"}) {
    write_patch("a.png", {16, 8});
    write_image(scratch_ / mask, {16, 8}, 1, ones);
    EXPECT_THAT(read().at(0).labels, ElementsAre(1, 1)) << mask;
    std::filesystem::remove(scratch_ / mask);
  }
  write_image(scratch_ / "a_MASK.png", {16, 8}, 1, ones);
  write_image(scratch_ / "a_mask.png", {16, 8}, 1, twos);
  EXPECT_THAT(read().at(0).labels, ElementsAre(2, 2));
  EXPECT_EQ(read().size(), 1u);
}

TEST_F(ImageSet, NamesThatBeginWithADotArePassedOver) {
  write_patch("a.png", {16, 8});
  for (const char* name : {"._a.png", ".b.tif", "._a_mask.png"})
    write_bytes(scratch_ / name, "Mac OS X");
  EXPECT_EQ(read().size(), 1u);
}

TEST_F(ImageSet, SixteenBitsAreRefused) {
  start_vips();
  const std::vector<std::uint16_t> samples(3 * 16 * 8, 1000);
  VipsImage* image =
      vips_image_new_from_memory(samples.data(), samples.size() * 2, 16, 8, 3, VIPS_FORMAT_USHORT);
  // libvips writes 16 bits only where the image says that it means them.
  VipsImage* deep = nullptr;
  ASSERT_EQ(vips_copy(image, &deep, "interpretation", VIPS_INTERPRETATION_RGB16, nullptr), 0);
  ASSERT_EQ(vips_pngsave(deep, (scratch_ / "a.png").c_str(), nullptr), 0);
  g_object_unref(deep);
  g_object_unref(image);
  EXPECT_EQ(error(), in("a.png",
                        "has samples of type ushort, must have 8 bits (uchar); convert it first, "
                        "as with 'vips cast'"));
}

TEST_F(ImageSet, AnImageThatIsCutShortIsRefused) {
  const PixelSize size{200, 200};
  write_image(scratch_ / "a.png", size, 3, blobs(size, 0));
  const std::string whole = read_file(scratch_ / "a.png");
  for (const std::size_t share : {2, 4, 9}) {
    write_bytes(scratch_ / "a.png", whole.substr(0, whole.size() * share / 10));
    testing::internal::CaptureStderr();
    EXPECT_EQ(error(), (scratch_ / "a.png").string() +
                           " is truncated: it has no end as every PNG has; fetch it again")
        << share;
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << "a library printed";
  }
}

TEST_F(ImageSet, MasksThatDoNotFitAreRefused) {
  const PixelSize size{16, 8};
  write_patch("a.png", size);
  write_image(scratch_ / "a_mask.png", {8, 8}, 1, std::vector<std::uint8_t>(64));
  const std::string mask = "mask " + (scratch_ / "a_mask.png").string();
  EXPECT_EQ(error(), mask + " has 8x8 px, its image 16x8; give one of its size");
  write_image(scratch_ / "a_mask.png", size, 3, std::vector<std::uint8_t>(384));
  EXPECT_EQ(error(),
            mask + " has 3 bands; save it with one band of 8 bits whose values are label ids");
  std::vector<std::uint8_t> ids(128, 1);
  ids[100] = 9;
  write_image(scratch_ / "a_mask.png", size, 1, ids);
  EXPECT_EQ(error(), in("a_mask.png",
                        "holds the id 9, the model's labels are 0 unknown, 1 tissue, "
                        "2 other, 3 glass"));
}

TEST_F(ImageSet, WhatOpenSlideDoesNotReadIsRefused) {
  write_bytes(scratch_ / "s.svs", "no slide");
  options_.images.clear();
  options_.slides = {{scratch_ / "s.svs", {}}};
  EXPECT_THAT(error(), StartsWith((scratch_ / "s.svs").string() +
                                  " can't be read as an image, it may be damaged ("));
  write_image(scratch_ / "s.png", {16, 8}, 3, std::vector<std::uint8_t>(384));
  options_.slides = {{scratch_ / "s.png", {}}};
  EXPECT_EQ(error(), in("s.png", "is not a slide that OpenSlide reads"));
  options_.slides = {{scratch_ / "nowhere.svs", {}}};
  EXPECT_EQ(error(), (scratch_ / "nowhere.svs").string() +
                         " can't be opened: No such file or directory; check the path");
}

TEST_F(ImageSet, ASplitThatLeavesNothingIsRefused) {
  write_patch("a.png", {16, 8});
  options_.held_out_every = 2;
  EXPECT_EQ(error(),
            "no image is left to train on: --held-out-every 2 holds out the first of so many "
            "sources, and of so many slides the last; give more images, another number or leave "
            "it out");
}

TEST_F(ImageSet, ASourceThatCantBeToldIsRefused) {
  write_patch("a.png", {16, 8});
  options_.held_out_every = 2;
  options_.source = "[0-9]+";
  EXPECT_EQ(error(), "--source '[0-9]+': finds nothing in the name 'a'");
  options_.source = "(";
  EXPECT_THAT(error(), StartsWith("--source '(': is no regular expression ("));
}

}  // namespace
}  // namespace histoloom
