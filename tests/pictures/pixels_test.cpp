// What pixels say: whether they show glass, what they are on white.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "argb.h"
#include "histoloom/pictures/bare_glass.h"

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

}  // namespace
}  // namespace histoloom
