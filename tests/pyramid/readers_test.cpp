// What the readers that people use see of a slide: OpenSlide 3.4, libvips, tifffile, GDAL, ExifTool
// and libtiff's tools. Their rules are those that the profiles were made for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openslide.h>
#include <vips/vips.h>

#include <cmath>
#include <map>
#include <memory>
#include <sstream>

#include "support.h"

namespace histoloom::pyramid::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using OpenSlide = std::unique_ptr<openslide_t, decltype(&openslide_close)>;

OpenSlide open_slide(const std::filesystem::path& path) {
  return {openslide_open(path.c_str()), openslide_close};
}

std::string property(const OpenSlide& slide, const char* name) {
  const char* value = openslide_get_property_value(slide.get(), name);
  return value == nullptr ? "none" : value;
}

Picture rgb_of(const std::vector<std::uint32_t>& argb, std::int64_t width, std::int64_t height) {
  Picture p = blank(width, height, 3);
  for (std::size_t i = 0; i < argb.size(); ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      p.pixels[3 * i + c] = static_cast<std::uint8_t>(argb[i] >> (16 - 8 * c));
    }
  }
  return p;
}

Picture level_of(const OpenSlide& slide, int level) {
  std::int64_t w = 0;
  std::int64_t h = 0;
  openslide_get_level_dimensions(slide.get(), level, &w, &h);
  std::vector<std::uint32_t> argb(static_cast<std::size_t>(w * h));
  openslide_read_region(slide.get(), argb.data(), 0, 0, level, w, h);
  EXPECT_EQ(openslide_get_error(slide.get()), nullptr);
  return rgb_of(argb, w, h);
}

std::vector<std::string> associated_of(const OpenSlide& slide) {
  std::vector<std::string> names;
  for (const char* const* name = openslide_get_associated_image_names(slide.get());
       *name != nullptr; ++name) {
    names.emplace_back(*name);
  }
  return names;
}

Picture vips_page(const std::filesystem::path& path, int page, int subifd = -1) {
  VipsImage* image = nullptr;
  if (vips_tiffload(path.c_str(), &image, "page", page, "subifd", subifd, nullptr) != 0) {
    ADD_FAILURE() << vips_error_buffer();
    vips_error_clear();
    return {};
  }
  std::size_t size = 0;
  void* data = vips_image_write_to_memory(image, &size);
  Picture p = blank(image->Xsize, image->Ysize, image->Bands);
  EXPECT_EQ(size, p.pixels.size());
  if (size == p.pixels.size()) {
    std::copy_n(static_cast<const std::uint8_t*>(data), size, p.pixels.begin());
  }
  g_free(data);
  g_object_unref(image);
  return p;
}

Picture left_part(const Picture& in, std::int64_t width) {
  Picture out = blank(width, in.height, in.channels);
  for (std::int64_t y = 0; y < in.height; ++y)
    std::copy_n(in.pixels.begin() + y * in.stride(), out.stride(),
                out.pixels.begin() + y * out.stride());
  return out;
}

class Readers : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_EQ(VIPS_INIT("pyramid_test"), 0); }
  ScratchDirectory folder_;
  Picture picture_ = waves(1500, 1100, 3);

  std::filesystem::path written(Profile profile, const std::string& name) {
    write(folder_ / name, picture_, full_options(picture_, profile));
    return folder_ / name;
  }
};

TEST_F(Readers, OpenSlideSeesAnSvsAsAperioWithScaleAndAssociatedImages) {
  const auto slide = open_slide(written(Profile::svs, "a.svs"));
  ASSERT_NE(slide, nullptr);
  ASSERT_EQ(openslide_get_error(slide.get()), nullptr);
  EXPECT_EQ(property(slide, "openslide.vendor"), "aperio");
  EXPECT_EQ(property(slide, "openslide.mpp-x"), "0.5");
  EXPECT_EQ(property(slide, "openslide.mpp-y"), "0.5");
  EXPECT_EQ(property(slide, "openslide.objective-power"), "20");
  EXPECT_EQ(property(slide, "aperio.ScanScope ID"), "SYNTHETIC");
  EXPECT_EQ(property(slide, "aperio.Filename"), "a slide");
  EXPECT_EQ(property(slide, "aperio.Date"), "11/20/26");
  EXPECT_EQ(property(slide, "aperio.Time"), "12:00:00");
  EXPECT_EQ(property(slide, "tiff.DateTime"), "2026:11:20 12:00:00");
  EXPECT_EQ(property(slide, "tiff.Software"), "Histoloom");
  EXPECT_EQ(property(slide, "tiff.XResolution"), "20000");
  EXPECT_THAT(associated_of(slide), testing::UnorderedElementsAre("label", "macro", "thumbnail"));
  ASSERT_EQ(openslide_get_level_count(slide.get()), 4);
  Picture expected = picture_;
  for (int level = 0; level < 4; ++level) {
    if (level > 0) expected = shrunk(expected, 2, Reduction::mean);
    EXPECT_NEAR(openslide_get_level_downsample(slide.get(), level), std::pow(2, level), 0.03);
    EXPECT_LE(mean_difference(level_of(slide, level), expected), 2.5);
  }
}

TEST_F(Readers, OpenSlideReadsTheLabelWithItsInkAndTheThumbnailWithTheSlidesColours) {
  const auto slide = open_slide(written(Profile::svs, "a.svs"));
  const auto image_of = [&](const char* name) {
    std::int64_t w = 0;
    std::int64_t h = 0;
    openslide_get_associated_image_dimensions(slide.get(), name, &w, &h);
    std::vector<std::uint32_t> argb(static_cast<std::size_t>(w * h));
    openslide_read_associated_image(slide.get(), name, argb.data());
    return rgb_of(argb, w, h);
  };
  const Picture label = image_of("label");
  EXPECT_EQ(label.width, 400);
  std::int64_t red = 0;
  for (std::int64_t i = 0; i < 400 * 400; ++i) {
    red += label.at(i % 400, i / 400, 0) == 178 && label.at(i % 400, i / 400, 1) == 32;
  }
  EXPECT_GT(red, 2000);  // the word SYNTHETIC
  const Picture thumbnail = image_of("thumbnail");
  const Picture expected = shrunk(picture_, 2, Reduction::mean);
  EXPECT_EQ(thumbnail.width, expected.width - 1);  // a level has its width
  EXPECT_LE(mean_difference(left_part(thumbnail, 740), left_part(expected, 740)), 2.5);
  EXPECT_EQ(image_of("macro").width, 1280);
}

TEST_F(Readers, TheSummaryHandsOutTheThumbnailWhateverLevelsAreStored) {
  for (const auto profile : {Profile::generic, Profile::svs}) {
    for (const int levels : {0, 1}) {
      WriterOptions options = full_options(picture_, profile);
      options.levels = levels;
      const Thumbnail thumbnail = write(folder_ / "a.tif", picture_, options).thumbnail;
      EXPECT_EQ(thumbnail.size, (PixelSize{750, 550}));
      EXPECT_EQ(thumbnail.pixels, shrunk(picture_, 2, Reduction::mean).pixels);
    }
  }
}

TEST_F(Readers, OpenSlideSeesAllLevelsOfAGenericFileAndOneOfAnOmeFile) {
  const auto generic = open_slide(written(Profile::generic, "a.tif"));
  EXPECT_EQ(property(generic, "openslide.vendor"), "generic-tiff");
  EXPECT_EQ(openslide_get_level_count(generic.get()), 4);
  EXPECT_THAT(associated_of(generic), IsEmpty());
  const auto ome = open_slide(written(Profile::ome, "a.ome.tif"));
  EXPECT_EQ(openslide_get_level_count(ome.get()), 1);
}

TEST_F(Readers, OpenSlideGivesTheExactSizeAndOrderedDownsamplesOfOddSlides) {
  for (const auto& [w, h] : {std::pair{64, 64}, {100, 100}, {333, 2049}, {5000, 3}, {40000, 200}}) {
    const Picture picture = blank(w, h, 3, 240);
    write(folder_ / "odd.svs", picture, full_options(picture, Profile::svs));
    const auto slide = open_slide(folder_ / "odd.svs");
    ASSERT_EQ(openslide_get_error(slide.get()), nullptr) << w << "x" << h;
    std::int64_t width = 0;
    std::int64_t height = 0;
    openslide_get_level0_dimensions(slide.get(), &width, &height);
    EXPECT_EQ(width, w);
    EXPECT_EQ(height, h);
    EXPECT_EQ(openslide_get_level_count(slide.get()),
              static_cast<int>(level_sizes(options_for(picture)).size()));
    double last = 0;
    for (int level = 0; level < openslide_get_level_count(slide.get()); ++level) {
      const double downsample = openslide_get_level_downsample(slide.get(), level);
      EXPECT_GT(downsample, last);
      last = downsample;
      EXPECT_EQ(level_of(slide, level).at(0, 0, 1), 240);
    }
  }
}

TEST_F(Readers, LibvipsReadsEveryLevelOfEveryProfile) {
  for (const auto profile : {Profile::generic, Profile::svs, Profile::ome}) {
    SCOPED_TRACE(std::string(name_of(profile)));
    const auto path = written(profile, std::string(name_of(profile)) + ".tif");
    Picture expected = picture_;
    for (int level = 0; level < 4; ++level) {
      if (level > 0) expected = shrunk(expected, 2, Reduction::mean);
      // In an svs the thumbnail is page 1.
      const int page = profile == Profile::svs && level > 0 ? level + 1 : level;
      const Picture seen = profile == Profile::ome && level > 0 ? vips_page(path, 0, level - 1)
                                                                : vips_page(path, page);
      EXPECT_LE(mean_difference(seen, expected), 2.5) << "level " << level;
    }
  }
}

TEST_F(Readers, LibvipsReadsTheIdsOfLabels) {
  Picture labels = noise(300, 200, 1, 4);
  WriterOptions options = options_for(labels);
  options.reduction = Reduction::mode;
  options.compression = Compression::lzw;
  options.classes = {{0, "glass", {255, 255, 255}}, {3, "tumour", {200, 0, 0}}};
  write(folder_ / "labels.tif", labels, options);
  EXPECT_EQ(vips_page(folder_ / "labels.tif", 0).pixels, labels.pixels);
  EXPECT_EQ(read_tiff(folder_ / "labels.tif").chain[0].description,
            "Synthetic image\n0 = glass #ffffff\n3 = tumour #c80000");
  options.palette = true;
  write(folder_ / "coloured.tif", labels, options);
  const ReadFile file = read_tiff(folder_ / "coloured.tif");
  EXPECT_THAT(file.complaints, IsEmpty());
  EXPECT_EQ(file.chain[0].photometric, 3);
  EXPECT_EQ(file.chain[0].picture.pixels, labels.pixels);
}

TEST_F(Readers, TheDirectoriesHaveTheSubfileTypesThatReadersSortThemBy) {
  const auto subfiles = [](const std::vector<ReadDirectory>& chain) {
    std::vector<std::string> out;
    for (const auto& d : chain) {
      out.push_back(std::to_string(d.subfile) + (d.tiled ? " tiled" : " strips"));
    }
    return out;
  };
  const ReadFile generic = read_tiff(written(Profile::generic, "a.tif"));
  EXPECT_THAT(subfiles(generic.chain), ElementsAre("0 tiled", "1 tiled", "1 tiled", "1 tiled"));
  EXPECT_THAT(generic.chain[0].description, "Synthetic image");
  const ReadFile svs = read_tiff(written(Profile::svs, "a.svs"));
  EXPECT_THAT(subfiles(svs.chain), ElementsAre("0 tiled", "0 strips", "0 tiled", "0 tiled",
                                               "0 tiled", "1 strips", "9 strips"));
  const std::string head = "Aperio Image Library v12.0.0 \n";
  EXPECT_EQ(svs.chain[0].description,
            head +
                "1500x1100 [0,0 1500x1100] (256x256) JPEG/RGB Q=80|AppMag = 20|MPP = 0.5|"
                "Filename = a slide|ScanScope ID = SYNTHETIC|Date = 11/20/26|Time = 12:00:00");
  EXPECT_EQ(svs.chain[1].description, head + "1500x1100 -> 749x550 - |AppMag = 20|MPP = 0.5");
  EXPECT_EQ(svs.chain[2].description,
            head +
                "1500x1100 [0,0 1500x1100] (256x256) -> 750x550 JPEG/RGB Q=80|AppMag = 20|"
                "MPP = 0.5");
  EXPECT_EQ(svs.chain[5].description, head + "label 400x400");
  EXPECT_EQ(svs.chain[6].description, head + "macro 1280x430");
  const ReadFile ome = read_tiff(written(Profile::ome, "a.ome.tif"));
  ASSERT_EQ(ome.chain.size(), 10u);  // label, macro and thumbnail, each behind two of padding
  EXPECT_THAT(subfiles(ome.chain), testing::Each(testing::AnyOf("0 tiled", "0 strips")));
  EXPECT_EQ(subfiles(ome.chain)[0], "0 tiled");
  EXPECT_THAT(subfiles(ome.children), ElementsAre("1 tiled", "1 tiled", "1 tiled"));
}

TEST_F(Readers, EveryProfileSaysThatItIsSyntheticAndCarriesSrgb) {
  for (const auto profile : {Profile::generic, Profile::svs, Profile::ome}) {
    const ReadFile file = read_tiff(written(profile, "a.tif"));
    EXPECT_THAT(file.complaints, IsEmpty());
    const auto& d = file.chain[0];
    EXPECT_THAT(d.xmp, HasSubstr("http://cv.iptc.org/newscodes/digitalsourcetype/"
                                 "trainedAlgorithmicMedia"));
    EXPECT_EQ(d.software, "Histoloom");
    EXPECT_EQ(d.date, "2026:11:20 12:00:00");
    EXPECT_EQ(d.icc_bytes, 2524u);
    EXPECT_EQ(d.x_resolution, 20000.0f);
    EXPECT_EQ(d.resolution_unit, 3);  // centimetres
  }
}

TEST_F(Readers, LittleCmsFindsTheColourProfileEqualToItsOwnSrgb) {
  Picture colours = noise(64, 64, 3);
  WriterOptions options = options_for(colours);
  options.compression = Compression::none;
  write(folder_ / "colours.tif", colours, options);
  VipsImage* image = nullptr;
  VipsImage* converted = nullptr;
  ASSERT_EQ(vips_tiffload((folder_ / "colours.tif").c_str(), &image, nullptr), 0);
  ASSERT_EQ(vips_icc_transform(image, &converted, "srgb", "embedded", TRUE, nullptr), 0)
      << vips_error_buffer();
  std::size_t size = 0;
  void* data = vips_image_write_to_memory(converted, &size);
  ASSERT_EQ(size, colours.pixels.size());
  const auto* pixels = static_cast<const std::uint8_t*>(data);
  for (std::size_t i = 0; i < size; ++i) ASSERT_NEAR(pixels[i], colours.pixels[i], 2);
  g_free(data);
  g_object_unref(converted);
  g_object_unref(image);
}

TEST_F(Readers, OmeXmlIsWellFormedAndNamesScaleLevelsAndImages) {
  const ReadFile file = read_tiff(written(Profile::ome, "a.ome.tif"));
  const std::string& xml = file.chain[0].description;
  EXPECT_THAT(xml, testing::EndsWith("</OME>"));
  EXPECT_THAT(xml, HasSubstr("PhysicalSizeX=\"0.5\" PhysicalSizeXUnit=\"\xC2\xB5m\""));
  EXPECT_THAT(xml, HasSubstr("<Objective ID=\"Objective:0:0\" NominalMagnification=\"20\"/>"));
  EXPECT_THAT(xml, HasSubstr("<Image ID=\"Image:1\" Name=\"label\">"));
  EXPECT_THAT(xml, HasSubstr("<AcquisitionDate>2026-11-20T12:00:00</AcquisitionDate>"));
}

TEST_F(Readers, ASlideWithoutScaleClaimsNone) {
  WriterOptions options = options_for(picture_);
  options.profile = Profile::svs;
  options.digital_source_type.clear();
  write(folder_ / "a.svs", picture_, options);
  const auto slide = open_slide(folder_ / "a.svs");
  EXPECT_EQ(property(slide, "openslide.mpp-x"), "none");
  EXPECT_EQ(property(slide, "openslide.objective-power"), "none");
  const ReadFile file = read_tiff(folder_ / "a.svs");
  EXPECT_EQ(file.chain[0].resolution_unit, 1);
  EXPECT_EQ(file.chain[0].date, "");
  EXPECT_EQ(file.chain[0].xmp, "");
}

}  // namespace
}  // namespace histoloom::pyramid::test
