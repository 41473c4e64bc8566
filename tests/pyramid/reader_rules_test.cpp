// Rules of verify() that a list of levels doesn't show: what pixels come out. Each is held against
// the reader itself: OpenSlide 3.4.1, libvips, GDAL.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openslide.h>
#include <vips/vips.h>

#include <memory>
#include <set>

#include "agreement.h"
#include "support.h"
#include "tiff_editor.h"

namespace histoloom::pyramid::test {
namespace {

using testing::Contains;
using testing::HasSubstr;

struct ReadRegion {
  bool error = false;
  Picture picture;      // RGB
  std::uint8_t alpha0;  // of the first pixel
};

// `size` pixels from the level's upper left corner.
ReadRegion openslide_region(const std::filesystem::path& path, int level, PixelSize size) {
  const std::unique_ptr<openslide_t, decltype(&openslide_close)> slide(openslide_open(path.c_str()),
                                                                       openslide_close);
  std::vector<std::uint32_t> argb(static_cast<std::size_t>(size.area()));
  openslide_read_region(slide.get(), argb.data(), 0, 0, level, size.width, size.height);
  ReadRegion out{openslide_get_error(slide.get()) != nullptr, blank(size.width, size.height, 3),
                 static_cast<std::uint8_t>(argb[0] >> 24)};
  for (std::size_t i = 0; i < argb.size(); ++i) {
    for (std::size_t c = 0; c < 3; ++c)
      out.picture.pixels[3 * i + c] = static_cast<std::uint8_t>(argb[i] >> (16 - 8 * c));
  }
  return out;
}

Picture as_rgb(const Picture& in) {
  if (in.channels == 3) return in;
  Picture out = blank(in.width, in.height, 3);
  for (std::size_t i = 0; i < out.pixels.size(); ++i) out.pixels[i] = in.pixels[i / 3];
  return out;
}

std::vector<std::string> finding_texts(const std::filesystem::path& path) {
  std::vector<std::string> out;
  for (const Finding& finding : verify_file(path).findings) out.push_back(finding.text);
  return out;
}

bool openslide_is_3_4_1() { return std::string(openslide_get_version()) == "3.4.1"; }

class ReaderRules : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_EQ(VIPS_INIT("pyramid_test"), 0); }

  ScratchDirectory folder_;
};

TEST_F(ReaderRules, OpenSlide3MisreadsLevelsOfWhichVerifyWarnsAndNoOther) {
  if (!openslide_is_3_4_1()) GTEST_SKIP() << "OpenSlide is " << openslide_get_version();
  for (const auto compression :
       {Compression::jpeg, Compression::deflate, Compression::lzw, Compression::none}) {
    for (const int channels : {1, 3}) {
      for (const PixelSize size :
           {PixelSize{64, 64}, {100, 100}, {60, 64}, {64, 60}, {50, 50}, {60, 130}, {130, 60}}) {
        SCOPED_TRACE(fmt::format("{} {} {}x{}", static_cast<int>(compression), channels, size.width,
                                 size.height));
        const Picture picture = noise(size.width, size.height, channels);
        WriterOptions options = options_for(picture);
        options.compression = compression;
        options.tile = 64;
        options.levels = 1;
        const auto path = folder_ / "a.tif";
        write(path, picture, options);
        const bool right = mean_difference(openslide_region(path, 0, size).picture,
                                           as_rgb(read_tiff(path).chain[0].picture)) < 1;
        const std::string warning = fmt::format(
            "directory 0 ({}x{}) is smaller than its tile and no JPEG of three channels; OpenSlide "
            "3.4.1 with libtiff 4.5.0 shows other pixels",
            size.width, size.height);
        const std::string note = fmt::format(
            "the level of {}x{} px comes out as other pixels with libtiff 4.5.0, since it is "
            "smaller than a tile and no JPEG of three channels",
            size.width, size.height);
        EXPECT_EQ(testing::Value(finding_texts(path), Contains(warning)), !right);
        EXPECT_EQ(
            testing::Value(view_of(verify_file(path), "OpenSlide 3.4.1").notes, Contains(note)),
            !right);
      }
    }
  }
}

TEST_F(ReaderRules, OpenSlideDrawsEmptyTilesOfAnSvsFromTheLevelAboveAndFailsOnOthers) {
  const Picture picture = waves(1500, 1100, 3);
  const PixelSize second{750, 550};
  const auto with_hole = [&](Profile profile, std::size_t directory, std::uint16_t tag) {
    const auto whole = folder_ / (profile == Profile::svs ? "whole.svs" : "whole.tif");
    WriterOptions options = full_options(picture, profile);
    options.tile = 128;
    if (!std::filesystem::exists(whole)) write(whole, picture, options);
    TiffEditor editor(whole);
    editor.chain[directory].set_item(tag, 0, 0);
    const auto path = folder_ / (profile == Profile::svs ? "hole.svs" : "hole.tif");
    editor.save(path);
    return path;
  };
  const auto svs = with_hole(Profile::svs, 2, 325);
  const ReadRegion drawn = openslide_region(svs, 1, second);
  EXPECT_FALSE(drawn.error);
  EXPECT_EQ(drawn.alpha0, 255);
  EXPECT_LT(mean_difference(drawn.picture, shrunk(picture, 2, Reduction::mean)), 2.5);
  EXPECT_THAT(finding_texts(svs), Contains("directory 2: 1 of 30 tiles are missing (size is 0); "
                                           "OpenSlide draws them from the next larger level, "
                                           "libvips fails"));
  const auto base = with_hole(Profile::svs, 0, 325);
  for (const int level : {0, 1}) {
    const ReadRegion bare = openslide_region(base, level, second);
    EXPECT_FALSE(bare.error);
    EXPECT_EQ(bare.alpha0, 0) << level;
  }
  EXPECT_THAT(finding_texts(base), Contains("directory 0: 1 of 108 tiles are missing (size is 0); "
                                            "OpenSlide shows nothing there, nor in the reduced "
                                            "levels, and libvips fails"));
  // An offset of 0 has bytes to read, and generic TIFF has no such rule.
  const auto offset = with_hole(Profile::svs, 2, 324);
  EXPECT_TRUE(openslide_region(offset, 1, second).error);
  EXPECT_THAT(finding_texts(offset), Contains(HasSubstr("OpenSlide up to 4.0 and libvips fail")));
  if (!openslide_is_3_4_1()) return;
  const auto generic = with_hole(Profile::generic, 1, 325);
  EXPECT_TRUE(openslide_region(generic, 1, second).error);
  EXPECT_THAT(finding_texts(generic), Contains(HasSubstr("OpenSlide up to 4.0 and libvips fail")));
}

TEST_F(ReaderRules, MasksOfGdalAreNoDatasetsAndTheReducedOnesAreLevelsToOpenSlide) {
  if (shell("command -v gdal_translate > /dev/null").rc != 0) GTEST_SKIP() << "no gdal-bin";
  auto path = folder_ / "masked.tif";
  write(folder_ / "a.tif", waves(1500, 1100, 3), options_for(waves(1500, 1100, 3)));
  const std::string internal = " --config GDAL_TIFF_INTERNAL_MASK YES ";
  ASSERT_EQ(shell("gdal_translate -q -b 1 -b 2 -b 3 -mask 1" + internal +
                  "-co TILED=YES -co COMPRESS=DEFLATE " + (folder_ / "a.tif").string() + " " +
                  path.string())
                .rc,
            0);
  expect_readers_agree({path});
  EXPECT_FALSE(verify_file(path).has_errors()) << describe(verify_file(path));
  // libvips remembers a file by its name.
  std::filesystem::rename(path, folder_ / "levels.tif");
  path = folder_ / "levels.tif";
  ASSERT_EQ(shell("gdaladdo -q" + internal + path.string() + " 2 4").rc, 0);
  expect_readers_agree({path});
  EXPECT_THAT(finding_texts(path),
              Contains("directory 4 is the mask of a reduced level (NewSubfileType 5); OpenSlide "
                       "takes it for a level"));
}

TEST_F(ReaderRules, LibvipsReadsNoTiledColourPlanes) {
  const Picture picture = waves(300, 200, 3);
  WriterOptions options = options_for(picture);
  options.compression = Compression::none;
  write(folder_ / "a.tif", picture, options);
  const auto planes = folder_ / "planes.tif";
  ASSERT_EQ(shell("tiffcp -c none -p separate -t " + (folder_ / "a.tif").string() + ",0 " +
                  planes.string())
                .rc,
            0);
  VipsImage* image = nullptr;
  ASSERT_EQ(vips_tiffload(planes.c_str(), &image, nullptr), 0);
  double mean = 0;
  EXPECT_NE(vips_avg(image, &mean, nullptr), 0);
  vips_error_clear();
  g_object_unref(image);
  expect_readers_agree({planes});
  EXPECT_THAT(view_of(verify_file(planes), "libvips").notes,
              Contains("doesn't read the pixels, since tiles hold one colour plane each"));
}

// A pyramid of ids 1 and 5 whose pixels differ from their neighbours.
void write_labels(const std::filesystem::path& path, Compression compression, int levels) {
  Picture ids = blank(256, 256, 1, 1);
  for (std::int64_t y = 0; y < 256; ++y) {
    for (std::int64_t x = 0; x < 256; ++x)
      if ((x / 4 + y / 4) % 2 == 1) ids.at(x, y, 0) = 5;
  }
  WriterOptions options = options_for(ids);
  options.compression = compression;
  options.reduction = Reduction::mode;
  options.tile = 64;
  options.levels = levels;
  options.classes = {{1, "one", {200, 0, 0}}, {5, "five", {0, 200, 0}}};
  write(path, ids, options);
}

// ImageJ undoes a predictor for LZW only; with a palette, libvips and OpenSlide give colours for ids.
TEST_F(ReaderRules, LabelPyramidsHaveNeitherPredictorNorPalette) {
  constexpr std::uint16_t kPredictor = 317;
  constexpr std::uint16_t kColorMap = 320;
  for (const auto compression : {Compression::deflate, Compression::lzw, Compression::none}) {
    write_labels(folder_ / "a.tif", compression, 0);
    const TiffEditor editor(folder_ / "a.tif");
    ASSERT_EQ(editor.chain.size(), 3u);
    for (const auto& directory : editor.chain) {
      for (const auto& entry : directory.entries) {
        EXPECT_NE(entry.tag, kPredictor);
        EXPECT_NE(entry.tag, kColorMap);
      }
    }
  }
}

TEST_F(ReaderRules, OpenSlideMixesIdsOfReducedLevelsAtOddPlacesAndNeverOfLevelZero) {
  const auto ids_at = [&](std::int64_t x, std::int64_t y, int level) {
    const std::unique_ptr<openslide_t, decltype(&openslide_close)> slide(
        openslide_open((folder_ / "a.tif").c_str()), openslide_close);
    std::vector<std::uint32_t> argb(32 * 32);
    openslide_read_region(slide.get(), argb.data(), x, y, level, 32, 32);
    std::set<std::uint32_t> ids;
    for (const std::uint32_t pixel : argb) ids.insert(pixel & 0xFF);
    return ids;
  };
  write_labels(folder_ / "a.tif", Compression::deflate, 2);
  EXPECT_EQ(ids_at(4, 6, 1), (std::set<std::uint32_t>{1, 5})) << "multiples of the downsample";
  EXPECT_THAT(ids_at(5, 6, 1), Contains(3u));
  EXPECT_THAT(ids_at(4, 7, 1), Contains(3u));
  EXPECT_EQ(ids_at(5, 7, 0), (std::set<std::uint32_t>{1, 5}));
  write_labels(folder_ / "a.tif", Compression::deflate, 1);
  EXPECT_EQ(ids_at(5, 7, 0), (std::set<std::uint32_t>{1, 5}));
}

// BaseTiffReader.getResolutionUnitFromComment(); ImageJ itself is run by tools/check --viewers.
TEST_F(ReaderRules, BioFormatsTakesImageJsUnitWhereTheTagHasNone) {
  const Picture picture = waves(300, 200, 3);
  write(folder_ / "a.tif", picture, options_for(picture));
  const auto mpp = [&](std::uint16_t unit, const std::string& name, std::uint32_t resolution) {
    TiffEditor editor(folder_ / "a.tif");
    auto& first = editor.chain[0];
    first.set_short(296, unit);
    for (const std::uint16_t tag : {std::uint16_t{282}, std::uint16_t{283}})
      first.set_rational(tag, resolution, 1);
    first.set_text(270, "ImageJ=1.53t\nunit=" + name + "\n");
    editor.save(folder_ / "b.tif");
    return view_of(verify_file(folder_ / "b.tif"), "Bio-Formats, OMERO").mpp_x;
  };
  EXPECT_EQ(mpp(1, "micron", 2), 0.5);
  EXPECT_EQ(mpp(1, "mm", 2000), 0.5);
  EXPECT_EQ(mpp(3, "micron", 20000), 0.5) << "the tag's unit goes first";
  EXPECT_EQ(mpp(1, "pixel", 2), std::nullopt);
}

// Run with @vivjs/loaders 0.21.0 on files that tifffile wrote with such XML.
TEST_F(ReaderRules, VivGoesByTheOmeXmlsUnitAndByInterleaved) {
  const Picture picture = waves(300, 200, 3);
  WriterOptions options = options_for(picture);
  options.profile = Profile::ome;
  write(folder_ / "a.ome.tif", picture, options);
  const auto view = [&](const std::string& unit, const std::string& interleaved) {
    TiffEditor editor(folder_ / "a.ome.tif");
    editor.chain[0].set_text(
        270,
        "<?xml version=\"1.0\"?><OME "
        "xmlns=\"http://www.openmicroscopy.org/Schemas/OME/2016-06\"><Image "
        "ID=\"Image:0\"><Pixels SizeX=\"300\" SizeY=\"200\" SizeC=\"3\" SizeZ=\"1\" SizeT=\"1\" "
        "PhysicalSizeX=\"0.5\"" +
            unit + interleaved + "/></Image></OME>");
    editor.save(folder_ / "b.ome.tif");
    return view_of(verify_file(folder_ / "b.ome.tif"), "Avivator, Vitessce");
  };
  const auto unit = [](const std::string& text) { return " PhysicalSizeXUnit=\"" + text + "\""; };
  const std::string interleaved = " Interleaved=\"true\"";
  for (const char* known : {"\xC2\xB5m", "&#181;m", "mm"})
    EXPECT_TRUE(view(unit(known), interleaved).opens) << known;
  EXPECT_TRUE(view("", interleaved).opens);
  for (const char* strange : {"um", "\xCE\xBCm", "micron"})
    EXPECT_EQ(view(unit(strange), interleaved).how,
              std::string("takes no PhysicalSizeXUnit '") + strange + "'; must be of OME's schema");
  EXPECT_THAT(view("", interleaved).notes, testing::IsEmpty());
  EXPECT_THAT(view("", "").notes,
              testing::ElementsAre(
                  "the colours are wrong, since the OME-XML doesn't say Interleaved=\"true\""));
}

}  // namespace
}  // namespace histoloom::pyramid::test
