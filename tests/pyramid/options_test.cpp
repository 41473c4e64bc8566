#include "histoloom/pyramid/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "support/scratch.h"

namespace histoloom::pyramid {
namespace {

WriterOptions good() {
  WriterOptions o;
  o.size = {640, 480};
  return o;
}

WriterOptions good_labels() {
  WriterOptions o = good();
  o.channels = 1;
  o.reduction = Reduction::mode;
  o.compression = Compression::deflate;
  return o;
}

struct Defect {
  std::string message;
  std::function<void(WriterOptions&)> break_it;
};

// Each defect alone is refused with one line that names the value and the limit.
void expect_refused(const std::vector<Defect>& defects) {
  for (const Defect& defect : defects) {
    WriterOptions options = good();
    defect.break_it(options);
    EXPECT_EQ(message_of([&] { validate(options); }), defect.message);
  }
}

TEST(Options, OfSizesTilesLevelsAndThreadsHaveLimits) {
  expect_refused({
      {"image size must be from 1x1 to 2147483647x2147483647, got 0x5",
       [](auto& o) {
         o.size = {0, 5};
       }},
      {"image size must be from 1x1 to 2147483647x2147483647, got 2147483648x5",
       [](auto& o) {
         o.size = {2147483648, 5};
       }},
      {"tile size must be a multiple of 16, got 500", [](auto& o) { o.tile = 500; }},
      {"tile size must be from 16 to 4096, got 0", [](auto& o) { o.tile = 0; }},
      {"tile size must be from 16 to 4096, got 4112", [](auto& o) { o.tile = 4112; }},
      {"shrink factor must be 2 or 4, got 3", [](auto& o) { o.shrink = 3; }},
      {"number of levels must be from 1 to 32, or 0 for as many as needed, got -1",
       [](auto& o) { o.levels = -1; }},
      {"number of threads must be from 1 to 1024, or 0 for all cores, got 1025",
       [](auto& o) { o.threads = 1025; }},
      {"an image of 2147483647x2147483647 has 24019198012642645 tiles of 16 px, more than "
       "2147483647; use a larger tile size",
       [](auto& o) {
         o.size = {2147483647, 2147483647};
         o.tile = 16;
       }},
  });
}

TEST(Options, OfChannelsAndQualityHaveLimits) {
  expect_refused({
      {"channels must be 1 or 3, got 4", [](auto& o) { o.channels = 4; }},
      {"quality must be from 1 to 100, got 0", [](auto& o) { o.quality = 0; }},
      {"quality must be from 1 to 100, got 101", [](auto& o) { o.quality = 101; }},
  });
}

TEST(Options, OfLabelsNeverInventAClass) {
  expect_refused({
      {"labels must have 1 channel, got 3", [](auto& o) { o.reduction = Reduction::mode; }},
      {"labels can't be stored as jpeg, which invents classes; use deflate, lzw or none",
       [](auto& o) {
         o = good_labels();
         o.compression = Compression::jpeg;
       }},
      {"classes need an image of 1 channel, got 3",
       [](auto& o) {
         o.classes = {{0, "glass", {255, 255, 255}}};
       }},
      {"class id must be from 0 to 255, got 256 (glass)",
       [](auto& o) {
         o = good_labels();
         o.classes = {{256, "glass", {255, 255, 255}}};
       }},
      {"a colour map needs classes, got none",
       [](auto& o) {
         o = good_labels();
         o.palette = true;
       }},
      {"a colour map needs labels (reduction by mode), not an image reduced by averaging",
       [](auto& o) { o.palette = true; }},
  });
}

TEST(Options, OfTextsKeepWhatReadersGoBy) {
  expect_refused({
      {"software can't start with \"MedScan\", got \"MedScan 2\"",
       [](auto& o) { o.software = "MedScan 2"; }},
      {"description of a generic file can't start with \"Aperio\", got \"Aperio scan\"",
       [](auto& o) { o.description = "Aperio scan"; }},
      {"description of a generic file can't contain \"xml\", got \"<?xml?>\"",
       [](auto& o) { o.description = "<?xml?>"; }},
      {"description of an svs file can't contain \"|\", \"=\" or line breaks, got \"a|b\"",
       [](auto& o) {
         o.profile = Profile::svs;
         o.description = "a|b";
       }},
      {"date must look like 2026-11-20 or 2026-11-20T12:00:00, got \"20.11.2026\"",
       [](auto& o) { o.date = "20.11.2026"; }},
      {"date must look like 2026-11-20 or 2026-11-20T12:00:00, got \"2026-02-29\"",
       [](auto& o) { o.date = "2026-02-29"; }},
  });
}

TEST(Options, OfScaleAndProfileFitTogether) {
  expect_refused({
      {"microns per pixel must be from 0.0001 to 10000, got 0", [](auto& o) { o.mpp = 0; }},
      {"microns per pixel must be from 0.0001 to 10000, got nan",
       [](auto& o) { o.mpp = std::numeric_limits<double>::quiet_NaN(); }},
      {"objective power must be from 1 to 1000, got 0", [](auto& o) { o.objective_power = 0; }},
      {"profile svs needs 3 channels (RGB), got 1; use generic or ome",
       [](auto& o) {
         o.profile = Profile::svs;
         o.channels = 1;
       }},
      {"profile svs can't do without its thumbnail; use generic or ome",
       [](auto& o) {
         o.profile = Profile::svs;
         o.associated_images = kNoAssociated;
       }},
  });
}

TEST(Options, ThatAreUsualPass) {
  EXPECT_NO_THROW(validate(good()));
  EXPECT_NO_THROW(validate(good_labels()));
  for (const char* date : {"2024-02-29", "2026-11-20T23:59:59", "2026-11-20T00:00:00Z"}) {
    WriterOptions o = good();
    o.date = date;
    EXPECT_NO_THROW(validate(o)) << date;
  }
}

TEST(Options, NamesOfProfilesAndCompressionsAreReadBack) {
  for (const auto p : {Profile::generic, Profile::svs, Profile::ome}) {
    EXPECT_EQ(parse_profile(name_of(p)), p);
  }
  for (const auto c :
       {Compression::jpeg, Compression::deflate, Compression::lzw, Compression::none}) {
    EXPECT_EQ(parse_compression(name_of(c)), c);
  }
  EXPECT_EQ(message_of([] { parse_profile("SVS"); }),
            "unknown profile \"SVS\"; use generic, svs or ome");
  EXPECT_EQ(message_of([] { parse_compression("zip"); }),
            "unknown compression \"zip\"; use jpeg, deflate, lzw or none");
}

TEST(Options, TheNameOfAFileTellsItsProfile) {
  EXPECT_EQ(profile_for("a/b.svs"), Profile::svs);
  EXPECT_EQ(profile_for("B.SVS"), Profile::svs);
  EXPECT_EQ(profile_for("a.ome.tif"), Profile::ome);
  EXPECT_EQ(profile_for("a.ome.tiff"), Profile::ome);
  EXPECT_EQ(profile_for("a.tif"), Profile::generic);
  EXPECT_EQ(profile_for("some.tiff"), Profile::generic);
  EXPECT_EQ(message_of([] { profile_for("out/a.png"); }),
            "out/a.png: the name doesn't tell the profile; use .svs, .ome.tif or .tif, or name the "
            "profile (svs, ome, generic)");
}

TEST(Options, LevelsAreRoundedUpAndEndWithOneTile) {
  WriterOptions o = good();
  o.size = {333, 2049};
  EXPECT_THAT(level_sizes(o),
              testing::ElementsAre(PixelSize{333, 2049}, PixelSize{167, 1025}, PixelSize{84, 513},
                                   PixelSize{42, 257}, PixelSize{21, 129}));
  o.size = {5000, 3};
  EXPECT_EQ(level_sizes(o).back(), (PixelSize{157, 1}));
  o.size = {1, 1};
  EXPECT_EQ(level_sizes(o).size(), 1u);
  o.size = {5000, 5000};
  o.shrink = 4;
  EXPECT_THAT(level_sizes(o), testing::ElementsAre(PixelSize{5000, 5000}, PixelSize{1250, 1250},
                                                   PixelSize{313, 313}, PixelSize{79, 79}));
  o.levels = 2;
  EXPECT_EQ(level_sizes(o).size(), 2u);
}

TEST(Options, TheMemoryBoundIsThatOfTheDocumentedFormula) {
  WriterOptions o;
  o.size = {100000, 100000};
  o.threads = 2;
  const double strips = 3.0 * 100000 * 256 * 3;
  const double queue = 4.0 * 2 * 3 * 256 * 256 * 3;
  const double tiles = 56.0 * static_cast<double>(tile_count(o));
  EXPECT_NEAR(static_cast<double>(memory_bound(o)), strips + queue + tiles + 4 * 1048576.0, 1e6);
  EXPECT_NEAR(static_cast<double>(tile_count(o)), 100000.0 * 100000 / 65536 * 4 / 3, 2000);
}

}  // namespace
}  // namespace histoloom::pyramid
