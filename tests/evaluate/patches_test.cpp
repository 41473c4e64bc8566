// Images and slides as sources of patches; what is drawn from them.
#include <gmock/gmock.h>

#include <map>
#include <numeric>
#include <set>

#include "histoloom/core/file.h"
#include "histoloom/evaluate/patch_sampling.h"
#include "test_pictures.h"

namespace histoloom::evaluate {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

class Patches : public testing::Test {
 protected:
  std::string open_error(const char* name) const {
    return message_of([&] { open_patch_sources({scratch_ / name}); });
  }
  std::string says(const char* name, const char* what) const {
    return (scratch_ / name).string() + what;
  }
  PatchSources write_set(const std::vector<Picture>& pictures) const {
    for (std::size_t i = 0; i < pictures.size(); ++i)
      write_picture(scratch_ / (std::to_string(100 + i) + ".png"), pictures[i]);
    return open_patch_sources({scratch_.path()});
  }

  ScratchDirectory scratch_;
};

TEST_F(Patches, ReadsTheSamePixelsOfImagesAndSlides) {
  const Picture picture = test_picture({307, 211}, 1);
  const PixelRect rect{17, 33, 117, 66};
  for (const char* name : {"a.png", "a.tif"}) {
    write_picture(scratch_ / name, picture);
    const auto source = open_patch_source(scratch_ / name);
    EXPECT_EQ(source->size(), picture.size) << name;
    EXPECT_EQ(source->region(rect).samples, crop(picture, rect).samples) << name;
    source->release();
    EXPECT_EQ(source->region(rect).samples, crop(picture, rect).samples) << name;
  }
  EXPECT_EQ(crop(picture, rect).samples[3 * 100 + 1], test_value(17, 34, 1, 1));
}

TEST_F(Patches, OfAFolderEveryImageButMasksInTheOrderOfNames) {
  for (const char* name : {"b.png", "a.png", "a_mask.png", "c.tif", "c_mask.tif"})
    write_picture(scratch_ / name, test_picture({33, 17}, 1));
  write_bytes(scratch_ / "notes.txt", "no image");
  std::vector<std::string> names;
  for (const auto& source : open_patch_sources({scratch_.path()}))
    names.push_back(source->path().filename());
  EXPECT_THAT(names, ElementsAre("a.png", "b.png", "c.tif"));
  EXPECT_EQ(mask_beside(scratch_ / "a.png"), scratch_ / "a_mask.png");
  EXPECT_EQ(mask_beside(scratch_ / "c.ome.tif"), scratch_ / "c_mask.tif");
  EXPECT_EQ(mask_beside(scratch_ / "b.png"), "");
  write_bytes(scratch_ / "b_mask.TIFF", "");
  EXPECT_EQ(mask_beside(scratch_ / "b.png"), scratch_ / "b_mask.TIFF");
}

TEST_F(Patches, OfAFolderOfSlidesAreNotCutFromMasksAndThumbnailsBesideThem) {
  write_picture(scratch_ / "slide.tif", test_picture({150, 150}, 1), 0.5, true);
  write_picture(scratch_ / "other.png", test_picture({75, 75}, 1));
  write_picture(scratch_ / "slide.png", test_picture({75, 75}, 1));
  write_image(scratch_ / "labels.tif", {150, 150}, 1, std::vector<std::uint8_t>(150 * 150, 1), 0.5,
              true);
  std::vector<PassedOver> passed_over;
  const PatchSources sources = open_patch_sources({scratch_.path()}, &passed_over);
  ASSERT_EQ(sources.size(), 1u);
  EXPECT_EQ(sources[0]->path(), scratch_ / "slide.tif");
  EXPECT_TRUE(sources[0]->is_slide());
  EXPECT_NEAR(sources[0]->mpp().value(), 0.5, 1e-4);
  ASSERT_EQ(passed_over.size(), 2u);
  EXPECT_THAT(passed_over[0].files, ElementsAre(scratch_ / "labels.tif"));
  EXPECT_EQ(passed_over[0].reason, "since label masks have one band");
  EXPECT_THAT(passed_over[1].files, ElementsAre(scratch_ / "other.png", scratch_ / "slide.png"));
  EXPECT_EQ(passed_over[1].reason,
            "since plain pictures beside slides are thumbnails; name those that are none");
  // What is named is taken.
  EXPECT_EQ(open_patch_sources({scratch_.path(), scratch_ / "slide.png"}).size(), 2u);
  EXPECT_EQ(open_error("labels.tif"), says("labels.tif", ": must have the three bands RGB, got 1"));
}

TEST_F(Patches, AFolderOfMasksIsRefused) {
  write_image(scratch_ / "labels.tif", {64, 64}, 1, std::vector<std::uint8_t>(64 * 64, 1));
  EXPECT_EQ(message_of([&] { open_patch_sources({scratch_.path()}); }),
            scratch_.path().string() + ": holds no image but label masks, which have one band");
}

TEST_F(Patches, DoNotOverlapAndRepeatWithTheSeed) {
  const PatchSources sources = write_set({test_picture({150, 70}, 1), test_picture({70, 71}, 2)});
  const SamplingOptions options{.side = 32, .count = 100, .seed = 5};
  const PatchSet set = sample_patches(sources, options);
  EXPECT_EQ(set.patches.size(), 4u * 2 + 2 * 2);
  EXPECT_EQ(std::accumulate(set.parts.begin(), set.parts.end(), 0u), 4u);
  std::set<std::string> distinct;
  for (const Picture& patch : set.patches) {
    EXPECT_EQ(patch.size, (PixelSize{32, 32}));
    distinct.emplace(patch.samples.begin(), patch.samples.end());
  }
  EXPECT_EQ(distinct.size(), set.patches.size());
  const PatchSet again = sample_patches(sources, options);
  ASSERT_EQ(again.parts, set.parts);
  for (std::size_t i = 0; i < set.patches.size(); ++i)
    EXPECT_EQ(again.patches[i].samples, set.patches[i].samples);
  const PatchSet other = sample_patches(sources, {.side = 32, .count = 100, .seed = 6});
  EXPECT_NE(other.patches[0].samples, set.patches[0].samples);
  // A smaller set is the beginning of a larger one.
  const PatchSet few = sample_patches(sources, {.side = 32, .count = 5, .seed = 5});
  ASSERT_EQ(few.patches.size(), 5u);
  EXPECT_EQ(few.patches[4].samples, set.patches[4].samples);
}

TEST_F(Patches, OfOneSourceLieSideBySide) {
  Picture places = plain_picture({150, 130}, {0, 0, 0});  // every pixel says where it lies
  for (std::int64_t y = 0; y < 130; ++y)
    for (std::int64_t x = 0; x < 150; ++x) {
      places.at(x, y)[0] = static_cast<std::uint8_t>(x);
      places.at(x, y)[1] = static_cast<std::uint8_t>(y);
    }
  const PatchSet set = sample_patches(write_set({places}), {.side = 32, .count = 100});
  ASSERT_EQ(set.patches.size(), 16u);
  for (const Picture& a : set.patches)
    for (const Picture& b : set.patches) {
      EXPECT_EQ((a.samples[0] - b.samples[0]) % 32, 0);
      EXPECT_EQ((a.samples[1] - b.samples[1]) % 32, 0);
    }
}

TEST_F(Patches, ShowTissueNotGlass) {
  Picture picture = plain_picture({256, 128}, {243, 241, 244});
  for (std::int64_t y = 0; y < 128; ++y)
    for (std::int64_t x = 0; x < 64; ++x) picture.at(x, y)[1] = 120;
  const PatchSet set = sample_patches(write_set({picture}), {.side = 64, .count = 100});
  EXPECT_EQ(set.patches.size(), 2u);
  for (const Picture& patch : set.patches) EXPECT_EQ(patch.samples[1], 120);
}

TEST(GlassShare, CountsBrightBlocksWithoutColour) {
  const auto share = [](std::array<std::uint8_t, 3> colour) {
    return glass_share(plain_picture({20, 9}, colour));
  };
  EXPECT_EQ(share({244, 243, 245}), 1);
  EXPECT_EQ(share({226, 239, 230}), 1);
  EXPECT_EQ(share({225, 226, 227}), 0) << "too dark";
  EXPECT_EQ(share({226, 240, 230}), 0) << "too much colour";
  Picture half = plain_picture({16, 9}, {250, 250, 250});
  for (std::int64_t y = 0; y < 8; ++y) half.at(3, y)[0] = half.at(4, y)[0] = 0;
  EXPECT_EQ(glass_share(half), 0.75) << "one of four blocks, two of which are cut off";
}

TEST_F(Patches, OfALargeImageBelongToItsSquaresOf1024Pixels) {
  const PatchSources sources =
      write_set({test_picture({64, 64}, 1), test_picture({2200, 1200}, 2)});
  const PatchSet set = sample_patches(sources, {.side = 32, .count = 10'000});
  std::map<PartId, int> counts;
  for (const PartId part : set.parts) ++counts[part];
  EXPECT_EQ(counts.size(), 1u + 3 * 2);
  for (const auto& [part, count] : counts) {
    EXPECT_LE(count, 32 * 32);
    EXPECT_LE(source_of(part), 1u);
  }
  EXPECT_EQ(counts.count(part_of(0, {0, 0})), 1u);
  EXPECT_GE(counts[part_of(1, {1024, 1023})], 900);
  EXPECT_EQ(part_of(1, {1023, 1023}), part_of(1, {0, 0}));
  EXPECT_NE(part_of(1, {1024, 0}), part_of(1, {0, 1024}));
  EXPECT_NE(part_of(1, {0, 0}), part_of(2, {0, 0}));
  EXPECT_EQ(source_of(part_of(77, {1'000'000, 900'000})), 77u);
}

TEST_F(Patches, AreDrawnApartWithoutACommonSource) {
  const PatchSources sources =
      write_set({test_picture({64, 96}, 1), test_picture({64, 64}, 2), test_picture({32, 64}, 3)});
  const auto [first, second] = sample_apart(sources, {.side = 32, .count = 5}, 100);
  EXPECT_THAT(first.parts, testing::Each(0u));
  EXPECT_THAT(second.parts, testing::Each(testing::Ne(0u)));
  EXPECT_EQ(first.patches.size(), 5u);
  EXPECT_EQ(second.patches.size(), 6u);
  // Either side has its patches in the order in which they are drawn of all sources.
  const PatchSet all = sample_patches(sources, {.side = 32, .count = 100});
  std::vector<std::vector<std::uint8_t>> expected, found;
  for (std::size_t i = 0; i < all.patches.size(); ++i)
    if (all.parts[i] != 0) expected.push_back(all.patches[i].samples);
  for (const Picture& patch : second.patches) found.push_back(patch.samples);
  EXPECT_EQ(found, expected);
}

TEST_F(Patches, OfOneSourceAreDealtInTurn) {
  const PatchSources sources = write_set({test_picture({160, 64}, 1), test_picture({20, 20}, 2)});
  const PatchSet all = sample_patches(sources, {.side = 32, .count = 100});
  ASSERT_EQ(all.patches.size(), 10u);
  const auto [first, second] = sample_apart(sources, {.side = 32, .count = 2}, 5);
  ASSERT_EQ(first.patches.size(), 2u);
  EXPECT_EQ(first.patches[1].samples, all.patches[2].samples);
  ASSERT_EQ(second.patches.size(), 5u) << "what the first has no room for goes to the second";
  EXPECT_EQ(second.patches[1].samples, all.patches[3].samples);
  EXPECT_EQ(second.patches[2].samples, all.patches[4].samples);
}

TEST_F(Patches, AFileThatIsNamedTwiceIsOneSource) {
  for (const char* name : {"a.png", "b.png"})
    write_picture(scratch_ / name, test_picture({33, 17}, 1));
  std::filesystem::create_symlink("a.png", scratch_ / "c.png");
  std::filesystem::create_directories(scratch_ / "other");
  write_picture(scratch_ / "other" / "b.png", test_picture({33, 17}, 1));
  const PatchSources sources = open_patch_sources(
      {scratch_ / "b.png", scratch_.path(), scratch_ / "other" / ".." / "a.png"});
  std::vector<std::string> names;
  for (const auto& source : sources) names.push_back(source->path().filename());
  EXPECT_THAT(names, ElementsAre("b.png", "a.png"));
  const auto other = open_patch_sources({scratch_ / "other", scratch_ / "c.png"});
  EXPECT_THAT(shared_files(other, sources), ElementsAre(scratch_ / "c.png"));
}

// ---- Errors

TEST_F(Patches, AFolderWithoutImagesIsRefused) {
  write_bytes(scratch_ / "a_mask.png", "only a mask");
  EXPECT_EQ(message_of([&] { open_patch_sources({scratch_.path()}); }),
            scratch_.path().string() + ": holds no image (.png, .jpg, .tif, .svs, …)");
  EXPECT_EQ(open_error("nowhere"),
            says("nowhere", " can't be opened: No such file or directory; check the path"));
}

TEST_F(Patches, WhatIsNoRgbImageIsRefused) {
  write_bytes(scratch_ / "a.png", "no image");
  EXPECT_THAT(open_error("a.png"),
              StartsWith(says("a.png", " can't be read as an image, it may be damaged (")));
  write_image(scratch_ / "a.png", {16, 8}, 1, std::vector<std::uint8_t>(128));
  EXPECT_EQ(open_error("a.png"), says("a.png", ": must have the three bands RGB, got 1"));
}

TEST_F(Patches, ADamagedImageIsAnError) {
  write_picture(scratch_ / "a.png", test_picture({200, 200}, 1));
  const std::string whole = read_file(scratch_ / "a.png");
  write_bytes(scratch_ / "a.png", whole.substr(0, whole.size() / 2));
  EXPECT_EQ(open_error("a.png"),
            says("a.png", " is truncated: it has no end as every PNG has; fetch it again"));
  std::string damaged = whole;
  damaged.replace(whole.size() / 2, 6, "damage");
  write_bytes(scratch_ / "a.png", damaged);
  const auto source = open_patch_source(scratch_ / "a.png");
  EXPECT_THAT(message_of([&] {
                source->region({0, 0, 8, 8});
              }),
              StartsWith(says("a.png", " can't be read as an image, it may be damaged (")));
}

TEST_F(Patches, SourcesThatAreTooSmallAreRefused) {
  const PatchSources sources = write_set({test_picture({64, 31}, 1)});
  EXPECT_EQ(message_of([&] { sample_patches(sources, {.side = 32}); }),
            "no image has 32x32 px; give larger ones or a smaller --patch");
}

}  // namespace
}  // namespace histoloom::evaluate
