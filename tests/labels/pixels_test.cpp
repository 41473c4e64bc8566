// What pixels say: which label a cell has, whether it is glass, what they are on white.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "histoloom/labels/argb.h"
#include "histoloom/labels/cell_votes.h"
#include "histoloom/labels/glass.h"
#include "test_labels.h"

namespace histoloom {
namespace {

using testing::ElementsAre;

TEST(LooksLikeGlass, WantsEveryChannelBrightAndAlike) {
  EXPECT_TRUE(looks_like_glass({255, 255, 255}));
  EXPECT_TRUE(looks_like_glass({226, 226, 239}));
  EXPECT_FALSE(looks_like_glass({225, 230, 230})) << "not above 225";
  EXPECT_FALSE(looks_like_glass({226, 240, 230})) << "14 apart";
  EXPECT_FALSE(looks_like_glass({240, 200, 230})) << "eosin";
}

TEST(OnWhite, LaysPremultipliedPixelsOverIt) {
  std::vector<std::uint8_t> rgb{7};
  // Opaque; clear; half of black; half of full red; a colour above its alpha.
  append_on_white({0xff102030, 0x00000000, 0x80000000, 0x80800000, 0x80ff0010}, rgb);
  EXPECT_THAT(rgb, ElementsAre(7, 0x10, 0x20, 0x30, 255, 255, 255, 127, 127, 127, 255, 127, 127,
                               255, 127, 143));
}

TEST(CellVotes, TakeWhatMostPixelsHaveAndOnATieTheLowestKnown) {
  const LabelSet labels = LabelSet::parse(
      R"({"labels": [{"id": 0, "name": "unknown", "color": [0, 0, 0]},
                     {"id": 3, "name": "b", "color": [0, 0, 1]},
                     {"id": 1, "name": "a", "color": [0, 1, 0]}], "unknown": 0})",
      "model.json");
  CellVotes votes(3, labels);
  votes.add(0, 3, 10);
  votes.add(0, 1, 9);
  votes.add(1, 3, 5);
  votes.add(1, 1, 5);
  votes.add(2, 0, 5);
  votes.add(2, 3, 5);
  EXPECT_EQ(votes.settle(0), 3);
  EXPECT_EQ(votes.settle(1), 1);
  EXPECT_EQ(votes.settle(2), 3) << "unknown loses";
  votes.add(0, 1, 1);
  EXPECT_EQ(votes.settle(0), 1) << "forgets what was settled";
}

}  // namespace
}  // namespace histoloom
