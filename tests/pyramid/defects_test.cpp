// One hand-broken file for every rule of verify(): each must be found, with its exact words, and
// what the readers then see must still be what they really see.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <vips/vips.h>

#include <fstream>

#include "agreement.h"
#include "defect_tables.h"
#include "support.h"
#include "tiff_editor.h"

namespace histoloom::pyramid::test {
namespace {

class Defects : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_EQ(VIPS_INIT("pyramid_test"), 0); }

  std::filesystem::path whole(Profile profile) {
    const auto path = folder_ / (std::string(name_of(profile)) + ".ome.tif");
    if (std::filesystem::exists(path)) return path;
    WriterOptions options = options_for(picture_);
    options.profile = profile;
    options.tile = 128;
    options.mpp = 0.5;
    options.objective_power = 20;
    write(path, picture_, options);
    return path;
  }

  std::filesystem::path broken(const Defect& defect) {
    TiffEditor editor(whole(defect.profile));
    defect.break_it(editor.chain);
    const char* ending = defect.profile == kSvs   ? ".svs"
                         : defect.profile == kOme ? ".ome.tif"
                                                  : ".tif";
    const auto path = folder_ / (defect.name + std::string(ending));
    editor.save(path);
    return path;
  }

  static std::vector<std::string> texts_of(const std::filesystem::path& path) {
    std::vector<std::string> texts;
    for (const Finding& finding : verify_file(path).findings) texts.push_back(finding.text);
    return texts;
  }

  void expect_found(const std::vector<Defect>& defects) {
    for (const Defect& defect : defects) {
      SCOPED_TRACE(defect.name);
      const VerifyReport report = verify_file(broken(defect));
      EXPECT_THAT(report.findings, testing::Contains(testing::AllOf(
                                       testing::Field(&Finding::severity, defect.severity),
                                       testing::Field(&Finding::text, defect.text))))
          << describe(report);
    }
  }

  void expect_agreement(const std::vector<Defect>& defects) {
    std::vector<std::filesystem::path> paths;
    for (const Defect& defect : defects) paths.push_back(broken(defect));
    const std::vector<std::string> tifffile = tifffile_says(paths);
    for (std::size_t i = 0; i < paths.size(); ++i) {
      SCOPED_TRACE(defects[i].name);
      const TiffFile file = pyramid::read_tiff(paths[i]);
      const VerifyReport report = verify(file);
      if (view_of(report, "OpenSlide 3.4.1").known) {
        EXPECT_EQ(summary_of(view_of(report, "OpenSlide 3.4.1")), openslide_says(paths[i]));
      }
      EXPECT_EQ(libvips_expected(report, file), libvips_says(paths[i]));
      // tifffile makes a third axis of ImageDepth, which no slide has.
      if (!tifffile.empty() && defects[i].name != std::string("depth")) {
        EXPECT_EQ(tifffile_expected(report), tifffile.at(i));
      }
    }
  }

  ScratchDirectory folder_;
  Picture picture_ = waves(1500, 1100, 3);
};

TEST_F(Defects, TheEditorItselfBreaksNothing) {
  for (const auto profile : {kGeneric, kSvs, kOme}) {
    TiffEditor(whole(profile)).save(folder_ / "same.ome.tif");
    const VerifyReport report = verify_file(folder_ / "same.ome.tif");
    EXPECT_FALSE(report.has_errors()) << describe(report);
    EXPECT_TRUE(read_tiff(folder_ / "same.ome.tif").complaints.empty());
  }
}

// The first JPEG stream of the first directory, with an Adobe marker that says RGB.
TEST_F(Defects, OfAnAdobeMarkerAgainstTheTagsAreFound) {
  TiffEditor editor(whole(kGeneric));
  auto& first = editor.chain[0];
  const auto from = editor.bytes.begin() + first.item(324, 0);
  std::vector<std::uint8_t> tile(from, from + first.item(325, 0));
  const std::vector<std::uint8_t> adobe{0xFF, 0xEE, 0,   14, 'A', 'd', 'o', 'b',
                                        'e',  0,    100, 0,  0,   0,   0,   0};
  tile.insert(tile.begin() + 2, adobe.begin(), adobe.end());
  first.set_item(324, 0, static_cast<std::uint32_t>(editor.bytes.size()));
  first.set_item(325, 0, static_cast<std::uint32_t>(tile.size()));
  editor.bytes.insert(editor.bytes.end(), tile.begin(), tile.end());
  editor.save(folder_ / "adobe.tif");
  EXPECT_THAT(texts_of(folder_ / "adobe.tif"),
              testing::ElementsAre(
                  "directory 0: PhotometricInterpretation says YCbCr, but the JPEG's Adobe marker "
                  "says RGB; readers show different colours"));
}

TEST_F(Defects, OfMissingAndOfLargeSmallestLevelsAreFound) {
  WriterOptions options = options_for(picture_);
  options.levels = 1;
  options.tile = 128;
  options.mpp = 0.5;
  options.compression = Compression::none;
  write(folder_ / "heavy.tif", picture_, options);
  EXPECT_THAT(
      texts_of(folder_ / "heavy.tif"),
      testing::ElementsAre("the smallest level has more than 5 MiB; OpenSlide gives no quickhash"));
  EXPECT_FALSE(openslide_has_quickhash(folder_ / "heavy.tif"));
  EXPECT_TRUE(openslide_has_quickhash(whole(kGeneric)));
  const Picture wide = blank(4096, 128, 3);
  options.size = {wide.width, wide.height};
  write(folder_ / "wide.tif", wide, options);
  EXPECT_THAT(texts_of(folder_ / "wide.tif"),
              testing::ElementsAre("no reduced levels for 4096x128 px; viewers will be slow"));
}

TEST_F(Defects, OfNamesAreFound) {
  const auto named = [&](Profile profile, const char* name) {
    std::filesystem::copy_file(whole(profile), folder_ / name);
    return texts_of(folder_ / name);
  };
  EXPECT_THAT(named(kGeneric, "a.svs"),
              testing::ElementsAre("called .svs, but ImageDescription doesn't start with "
                                   "\"Aperio\"; Bio-Formats goes by the name and takes levels for "
                                   "label and macro"));
  EXPECT_THAT(named(kGeneric, "a.ome.tif"),
              testing::ElementsAre("called .ome.tif, but ImageDescription holds no OME-XML; QuPath "
                                   "hands it to Bio-Formats by its name"));
  EXPECT_THAT(named(kSvs, "b.tif"),
              testing::ElementsAre("an Aperio file should be called .svs; ASAP misreads its levels "
                                   "as .tif"));
  EXPECT_THAT(named(kOme, "c.tif"),
              testing::Contains("OME-TIFF should be called .ome.tif; tiatoolbox goes by the name"));
}

TEST_F(Defects, OfSubIfdsInTheMainChainAreFound) {
  TiffEditor editor(whole(kOme));
  auto& chain = editor.chain;
  chain.insert(chain.begin() + 1, chain[0].children.begin(), chain[0].children.end());
  editor.save_sharing_children(folder_ / "hybrid.ome.tif");
  EXPECT_THAT(texts_of(folder_ / "hybrid.ome.tif"),
              testing::Contains("SubIFDs stand in the main chain, too, which OME-TIFF forbids"));
  const VerifyReport report = verify_file(folder_ / "hybrid.ome.tif");
  EXPECT_EQ(summary_of(view_of(report, "OpenSlide 3.4.1")),
            openslide_says(folder_ / "hybrid.ome.tif"));
}

TEST_F(Defects, OfTagsAreFound) { expect_found(tag_defects()); }
TEST_F(Defects, OfTilesAreFound) { expect_found(tile_defects()); }
TEST_F(Defects, OfLevelsAndScaleAreFound) { expect_found(level_defects()); }
TEST_F(Defects, OfGenericFilesAreFound) { expect_found(generic_defects()); }
TEST_F(Defects, OfSvsFilesAreFound) { expect_found(svs_defects()); }
TEST_F(Defects, OfOmeFilesAreFound) { expect_found(ome_defects()); }

TEST_F(Defects, OfTagsLeaveTheReadersWithWhatWeSay) { expect_agreement(tag_defects()); }
TEST_F(Defects, OfTilesLeaveTheReadersWithWhatWeSay) { expect_agreement(tile_defects()); }
TEST_F(Defects, OfLevelsLeaveTheReadersWithWhatWeSay) { expect_agreement(level_defects()); }
TEST_F(Defects, OfGenericFilesLeaveTheReadersWithWhatWeSay) { expect_agreement(generic_defects()); }
TEST_F(Defects, OfSvsFilesLeaveTheReadersWithWhatWeSay) { expect_agreement(svs_defects()); }
TEST_F(Defects, OfOmeFilesLeaveTheReadersWithWhatWeSay) { expect_agreement(ome_defects()); }

}  // namespace
}  // namespace histoloom::pyramid::test
