#include "seam_regions.h"

#include <gmock/gmock.h>

#include "test_pictures.h"

namespace histoloom::evaluate {
namespace {

// A picture in memory that counts how often it is decoded.
class Counted final : public PatchSource {
 public:
  explicit Counted(Picture picture)
      : PatchSource({}, false, PictureContent::picture), picture_(std::move(picture)) {
    size_ = picture_.size;
  }
  Picture read(int, PixelPoint corner, PixelSize size) override {
    decodings += !decoded_;
    decoded_ = true;
    return crop(picture_, PixelRect::at(corner, size));
  }
  void release() override { decoded_ = false; }
  int decodings = 0;

 private:
  Picture picture_;
  bool decoded_ = false;
};

PatchSources sources_of(const std::vector<PixelSize>& sizes) {
  PatchSources out;
  for (std::size_t i = 0; i < sizes.size(); ++i)
    out.push_back(std::make_unique<Counted>(test_picture(sizes[i], static_cast<std::uint32_t>(i))));
  return out;
}

std::vector<Picture> regions(const PatchSources& sources, const RegionOptions& options) {
  SilentProgress progress;
  return read_regions(sources, 32, options, progress);
}

TEST(SeamRegions, BeginWithAWholePeriodAndCoverSmallPicturesWhole) {
  EXPECT_THAT(regions_of({130, 70}, 24, 64),
              testing::ElementsAre(PixelRect{0, 0, 48, 48}, PixelRect{48, 0, 96, 48}));
  EXPECT_THAT(regions_of({40, 100}, 24, 64),
              testing::ElementsAre(PixelRect{0, 0, 40, 48}, PixelRect{0, 48, 40, 96}));
  EXPECT_THAT(regions_of({9, 9}, 100, 64), testing::ElementsAre(PixelRect{0, 0, 9, 9}));
}

TEST(SeamRegions, DecodeEachPictureOnce) {
  const PatchSources sources = sources_of({{256, 192}, {128, 128}});
  EXPECT_EQ(regions(sources, {.side = 64}).size(), 12u + 4u);
  for (const auto& source : sources) EXPECT_EQ(dynamic_cast<const Counted&>(*source).decodings, 1);
}

TEST(SeamRegions, LeaveToLargePicturesWhatSmallOnesDoNotNeed) {
  // Room for 10 regions: a share of 3 each, of which the smallest takes one.
  const PatchSources sources = sources_of({{256, 256}, {64, 64}, {256, 256}});
  EXPECT_EQ(regions(sources, {.side = 64, .max_pixels = 10 * 64 * 64}).size(), 1u + 4u + 5u);
}

TEST(SeamRegions, AreThoseOfTheSeedFromAllOverThePicture) {
  const PatchSources sources = sources_of({{512, 512}});
  const auto first = [&](std::uint64_t seed) {
    return regions(sources, {.seed = seed, .side = 64, .max_pixels = 64 * 64})[0].samples;
  };
  EXPECT_EQ(first(1), first(1));
  EXPECT_NE(first(1), first(2));
}

TEST(SeamRegions, OfManyPicturesAreOneOfEachWhileThereIsRoom) {
  const PatchSources sources = sources_of({{128, 128}, {128, 128}, {128, 128}});
  EXPECT_EQ(regions(sources, {.side = 64, .max_pixels = 2 * 64 * 64 + 1}).size(), 2u);
}

}  // namespace
}  // namespace histoloom::evaluate
