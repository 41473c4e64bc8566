// Label, macro and thumbnail: which a file holds, and their widths.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "agreement.h"
#include "histoloom/core/error.h"
#include "support.h"

namespace histoloom::pyramid::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Associated : public testing::Test {
 protected:
  ScratchDirectory folder_;

  TiffFile written(const Picture& picture, const WriterOptions& options) {
    write(folder_ / "a.tif", picture, options);
    return pyramid::read_tiff(folder_ / "a.tif");
  }
};

std::vector<std::string> names_in(const TiffFile& file) {
  const VerifyReport report = verify(file);
  std::vector<std::string> names;
  for (const AssociatedView& picture : view_of(report, "Bio-Formats, OMERO").associated)
    names.push_back(picture.name);
  return names;
}

// Sizes whose levels have the widths of the label (400), of the macro (1280) and of thumbnails, of
// several of them, and of none.
constexpr PixelSize kSizes[] = {{300, 200},  {1024, 1024}, {4096, 30}, {51200, 16}, {1280, 900},
                                {2560, 100}, {400, 400},   {399, 20},  {800, 1200}, {1, 1},
                                {2, 3},      {1500, 1100}, {9, 16}};

TEST_F(Associated, NoTwoDirectoriesOfAFileHaveOneWidth) {
  for (const Profile profile : {Profile::svs, Profile::ome}) {
    for (const PixelSize size : kSizes) {
      const Picture picture = blank(size.width, size.height, 3, 200);
      WriterOptions options = full_options(picture, profile);
      options.tile = 16;
      const TiffFile file = written(picture, options);
      std::set<std::int64_t> widths;
      for (const TiffImage& image : file.chain) widths.insert(image.size.width);
      EXPECT_EQ(widths.size(), file.chain.size())
          << name_of(profile) << " " << size.width << "x" << size.height;
    }
  }
}

TEST_F(Associated, AreNarrowerByHardlyAPixel) {
  const Picture picture = waves(1280, 900, 3);
  WriterOptions options = full_options(picture, Profile::svs);
  options.tile = 16;  // levels of 1280, 640, 320, 160, ... px
  const TiffFile file = written(picture, options);
  EXPECT_EQ(file.chain[1].size, (PixelSize{639, 450}));
  EXPECT_EQ((file.chain.end() - 2)->size, (PixelSize{400, 400}));
  EXPECT_EQ((file.chain.end() - 1)->size, (PixelSize{1279, 430}));
}

TEST_F(Associated, ThatAreHandedInStayAsTheyAreButForTheThumbnail) {
  const Picture picture = blank(600, 600, 3, 200);
  WriterOptions options = full_options(picture, Profile::svs);
  options.associated = {{"thumbnail", {300, 300}, std::vector<std::uint8_t>(270000, 9)},
                        {"label", {600, 2}, std::vector<std::uint8_t>(3600, 9)}};
  const TiffFile file = written(picture, options);
  EXPECT_EQ(file.chain[1].size, (PixelSize{299, 300}));  // a level is 300 px wide
  EXPECT_EQ((file.chain.end() - 2)->size, (PixelSize{600, 2}));
}

TEST_F(Associated, AreThoseThatAreChosen) {
  const Picture picture = blank(600, 600, 3, 200);
  WriterOptions options = full_options(picture, Profile::ome);
  options.associated_images = parse_associated("none", Profile::ome);
  const TiffFile bare = written(picture, options);
  EXPECT_THAT(names_in(bare), IsEmpty());
  EXPECT_EQ(bare.chain.size(), 1u);
  options.associated_images = parse_associated("macro", Profile::ome);
  EXPECT_THAT(names_in(written(picture, options)), ElementsAre("macro"));
  options.associated_images = parse_associated("thumbnail,label", Profile::ome);
  EXPECT_THAT(names_in(written(picture, options)), ElementsAre("label", "thumbnail"));

  options = full_options(picture, Profile::svs);
  options.associated_images = parse_associated("thumbnail", Profile::svs);
  EXPECT_THAT(names_in(written(picture, options)), ElementsAre("thumbnail"));
  options.associated_images = parse_associated("thumbnail,macro", Profile::svs);
  EXPECT_THAT(names_in(written(picture, options)), ElementsAre("thumbnail", "macro"));
}

// Every picture of an OME-TIFF brings directories of padding.
TEST_F(Associated, OfAnOmeTiffMayBeMany) {
  const Picture picture = blank(300, 200, 3, 200);
  WriterOptions options = full_options(picture, Profile::ome);
  options.tile = 64;
  for (int i = 0; i < 150; ++i)
    options.associated.push_back(
        {"picture " + std::to_string(i), {16, 16}, std::vector<std::uint8_t>(768, 9)});
  const TiffFile file = written(picture, options);
  EXPECT_EQ(names_in(file).size(), 153u);
  EXPECT_TRUE(view_of(verify(file), "Avivator, Vitessce").opens);
}

// Viv takes the pictures for levels wherever they are.
TEST_F(Associated, OfASlideOfOneLevelHaveNoPadding) {
  const Picture picture = blank(30, 20, 3, 200);
  EXPECT_EQ(written(picture, full_options(picture, Profile::ome)).chain.size(), 4u);
}

// The preview is the summary's, whatever the file holds.
TEST_F(Associated, OrNotTheSummaryHasAThumbnail) {
  const Picture picture = waves(1500, 1100, 3);
  WriterOptions options = full_options(picture, Profile::ome);
  options.associated_images = kNoAssociated;
  EXPECT_EQ(write(folder_ / "a.tif", picture, options).thumbnail.size, (PixelSize{750, 550}));
}

TEST(AssociatedChoice, IsNoneOrAListOfNames) {
  const auto refused = [](std::string_view names, Profile profile) {
    return message_of([&] { static_cast<void>(parse_associated(names, profile)); });
  };
  EXPECT_EQ(refused("overview", Profile::ome),
            "unknown associated image \"overview\"; use none or some of label,macro,thumbnail");
  EXPECT_EQ(refused("label,", Profile::svs),
            "unknown associated image \"\"; use none or some of label,macro,thumbnail");
  EXPECT_EQ(refused("label,macro", Profile::generic),
            "profile generic holds no associated images, got label,macro; use svs or ome");
  EXPECT_EQ(refused("none", Profile::generic), "");
  EXPECT_EQ(refused("label,macro", Profile::svs),
            "profile svs can't do without its thumbnail, got label,macro; name it, too, or use "
            "generic or ome");
  EXPECT_EQ(refused("LABEL,Thumbnail", Profile::svs), "");
}

TEST(AssociatedChoice, HoldsWhatIsHandedIn) {
  WriterOptions options = options_for(blank(16, 16, 3));
  options.profile = Profile::ome;
  options.associated_images = kNoAssociated;
  options.associated = {{"macro", {1, 1}, {1, 2, 3}}};
  EXPECT_EQ(message_of([&] { validate(options); }),
            "associated image \"macro\" is handed in, but not one of those that the file holds");
}

}  // namespace
}  // namespace histoloom::pyramid::test
