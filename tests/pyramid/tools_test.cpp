// What programs of others say of a slide: tifffile, libtiff's tools, ExifTool and GDAL. Each test
// is skipped where its program isn't installed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "support.h"

namespace histoloom::pyramid::test {
namespace {

class Tools : public testing::Test {
 protected:
  std::filesystem::path written(Profile profile, const std::string& name) {
    write(folder_ / name, picture_, full_options(picture_, profile));
    return folder_ / name;
  }

  ScratchDirectory folder_;
  Picture picture_ = waves(1500, 1100, 3);
};

TEST_F(Tools, TifffileFindsTheSeriesOfEveryProfile) {
  const std::string python = "/usr/bin/python3";
  if (shell(python + " -c 'import tifffile'").rc != 0) GTEST_SKIP() << "no python3-tifffile";
  const auto series = [&](const std::filesystem::path& path) {
    return shell(python +
                 " -W ignore -c 'import tifffile,sys\n"
                 "for s in tifffile.TiffFile(sys.argv[1]).series: print(s.kind, s.name, "
                 "[l.shape[:2] for l in s.levels])' " +
                 path.string())
        .text;
  };
  EXPECT_EQ(series(written(Profile::svs, "a.svs")),
            "svs Baseline [(1100, 1500), (550, 750), (275, 375), (138, 188)]\n"
            "svs Thumbnail [(550, 749)]\nsvs Label [(400, 400)]\nsvs Macro [(430, 1280)]\n");
  EXPECT_EQ(series(written(Profile::generic, "a.tif")),
            "generic  [(1100, 1500), (550, 750), (275, 375), (138, 188)]\n");
  EXPECT_EQ(series(written(Profile::ome, "a.ome.tif")),
            "ome a slide [(1100, 1500), (550, 750), (275, 375), (138, 188)]\n"
            "ome label [(400, 400)]\nome macro [(430, 1280)]\nome thumbnail [(550, 750)]\n");
}

TEST_F(Tools, ToolsOfLibtiffCopyEveryProfileWithoutAWarning) {
  if (shell("tiffcp -h").rc == 127) GTEST_SKIP() << "no libtiff-tools";
  for (const auto profile : {Profile::generic, Profile::svs, Profile::ome}) {
    const auto path = written(profile, "a.tif");
    EXPECT_EQ(shell("tiffinfo " + path.string() + " > /dev/null").text, "");
    const Output copied =
        shell("tiffcp -c none " + path.string() + " " + (folder_ / "copy.tif").string());
    EXPECT_EQ(copied.rc, 0);
    EXPECT_EQ(copied.text, "");
  }
}

// What ExifTool says of every file that is such a slide; nothing else may come.
std::string inherent_warnings(Profile profile, Compression compression, Container container) {
  // Everybody's BigTIFF is called .tif; ExifTool looks no further.
  if (container == Container::big) return "File has wrong extension \\(should be BTF, not TIF\\)";
  // It holds the first directory to baseline TIFF, but a tiled image has no strips (TIFF 6.0,
  // section 15) ...
  std::string out =
      "Missing required TIFF IFD0 tag 0x01(11 StripOffsets|16 RowsPerStrip|17 StripByteCounts)";
  // ... and JPEG and YCbCr are extensions (sections 21 and 22).
  if (compression == Compression::jpeg) {
    out += "|Invalid value for IFD0 tag 0x010(3 Compression|6 PhotometricInterpretation)";
  } else {
    // Edge tiles are whole ones (section 15).
    out += "|\\[minor\\] Oversized (Sub)?IFD[0-9]* TileByteCounts .*";
  }
  // It takes Aperio's thumbnail for a preview, which it expects in one strip.
  if (profile == Profile::svs) out += "|RawConv PreviewImage: .*";
  return out;
}

TEST_F(Tools, ExifToolMindsOnlyWhatEverySuchSlideHas) {
  if (shell("command -v exiftool").rc != 0) GTEST_SKIP() << "no libimage-exiftool-perl";
  for (const auto profile : {Profile::generic, Profile::svs, Profile::ome}) {
    for (const auto compression : {Compression::jpeg, Compression::none}) {
      for (const auto container : {Container::classic, Container::big}) {
        SCOPED_TRACE(testing::Message() << name_of(profile) << ", " << name_of(compression));
        WriterOptions options = full_options(picture_, profile);
        options.compression = compression;
        options.container = container;
        write(folder_ / "a.tif", picture_, options);
        std::istringstream lines(
            shell("exiftool -validate -warning -error -a -s3 " + (folder_ / "a.tif").string())
                .text);
        std::string line;
        std::getline(lines, line);  // how many there are
        while (std::getline(lines, line)) {
          EXPECT_THAT(line,
                      testing::MatchesRegex(inherent_warnings(profile, compression, container)));
        }
      }
    }
  }
}

TEST_F(Tools, GdalReadsThePixelsOfEveryLevel) {
  if (shell("command -v gdal_translate").rc != 0) GTEST_SKIP() << "no gdal-bin";
  Picture expected = picture_;
  const std::string in = written(Profile::generic, "a.tif").string();
  const std::string out = (folder_ / "level.tif").string();
  for (int level = 0; level < 4; ++level) {
    if (level > 0) expected = shrunk(expected, 2, Reduction::mean);
    const std::string which = level == 0 ? "NONE" : std::to_string(level - 1);
    const Output made =
        shell("gdal_translate -q -oo OVERVIEW_LEVEL=" + which + " " + in + " " + out);
    ASSERT_EQ(made.rc, 0) << made.text;
    EXPECT_LE(mean_difference(read_tiff(out).chain.at(0).picture, expected), 2.5) << level;
  }
}

}  // namespace
}  // namespace histoloom::pyramid::test
