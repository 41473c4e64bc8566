#include "../../src/slide/inpaint_region.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "support/scratch.h"

namespace histoloom {
namespace {

ModelBundle bundle() {
  ModelBundle b;
  b.downsampling = 8;
  b.patch = 32;
  return b;
}

TEST(ParseRegion, TakesCornerAndSize) {
  EXPECT_EQ(parse_region("10,20,300,400"), (PixelRect{10, 20, 310, 420}));
  EXPECT_EQ(parse_region("0,0,1,1"), (PixelRect{0, 0, 1, 1}));
}

TEST(ParseRegion, RefusesAnythingElse) {
  for (const char* text : {"", "1,2,3", "1,2,3,4,5", "-1,0,8,8", "0,0,0,8", "0,0,8,-8", "1,2,3,4 ",
                           "1, 2,3,4", "a,b,c,d", "1,2,3,", "0,0,99999999999,8"})
    EXPECT_EQ(message_of([&] { parse_region(text); }),
              std::string("--region must be X,Y,W,H in pixels of the slide, such as "
                          "1000,2000,512,512; got '") +
                  text + "'");
}

TEST(ValidateRegion, NamesTheRegionAndTheLimit) {
  const auto refusal = [](const PixelRect& box, PixelSize slide) {
    return message_of([&] { validate_region(box, slide, bundle()); });
  };
  EXPECT_EQ(refusal({0, 0, 64, 64}, {600, 500}), "");
  EXPECT_EQ(refusal({592, 0, 600, 8}, {600, 500}), "");
  EXPECT_EQ(refusal({593, 0, 601, 8}, {600, 500}),
            "the region 593,0,8,8 reaches past the slide, which has 600x500 px");
  EXPECT_EQ(refusal({-1, 0, 8, 8}, {600, 500}),
            "the region -1,0,9,8 reaches past the slide, which has 600x500 px");
  EXPECT_EQ(refusal({0, 0, 7, 8}, {600, 500}),
            "the region 0,0,7,8 must be at least 8x8 px, a latent cell of the model");
  EXPECT_EQ(refusal({0, 0, 64, 64}, {600, 255}),
            "the region 0,0,64,64 lies on a slide of 600x255 px; the model needs at least 256 a "
            "side");
  EXPECT_EQ(refusal({0, 0, 8192, 8192}, {20000, 20000}),
            "the region 0,0,8192,8192 has 71639296 px with its surroundings, at most 67108864 fit; "
            "paint it in parts");
}

TEST(InpaintGeometry, AddsTheMarginAndAPatchOfContext) {
  const InpaintGeometry g = inpaint_geometry({500, 300, 600, 350}, {2220, 2967}, bundle());
  EXPECT_EQ(g.blend, (PixelRect{484, 284, 616, 366}));
  EXPECT_EQ(g.painted, (LatentRect{62, 37, 75, 44}));
  EXPECT_EQ(g.decoded, (LatentRect{60, 35, 77, 46}));
  EXPECT_EQ(g.canvas, (LatentRect{28, 3, 109, 78}));
}

TEST(InpaintGeometry, EndsWhereTheSlideDoes) {
  const InpaintGeometry g = inpaint_geometry({0, 2960, 8, 2967}, {2220, 2967}, bundle());
  EXPECT_EQ(g.blend, (PixelRect{0, 2944, 24, 2967}));
  EXPECT_EQ(g.canvas, (LatentRect{0, 336, 35, 371}));
}

TEST(BlendWeights, AreACosineOfTheDistance) {
  // One row: a pixel of the region in the middle of 50.
  const PixelSize size{50, 1};
  std::vector<std::uint8_t> inside(50);
  inside[25] = 1;
  const std::vector<float> w = blend_weights(inside, size);
  for (int x = 0; x < 50; ++x) {
    const int d = std::abs(x - 25);
    const double expected = d > 16 ? 0 : 0.5 + 0.5 * std::cos(std::numbers::pi * d / 17);
    EXPECT_NEAR(w[static_cast<std::size_t>(x)], expected, 1e-6) << x;
  }
}

TEST(BlendWeights, AreThoseOfTheNearestPixelInEveryDirection) {
  const PixelSize size{60, 55};
  std::vector<std::uint8_t> inside(60 * 55);
  const std::vector<std::pair<int, int>> region{{20, 20}, {21, 20}, {40, 33}, {3, 50}};
  for (const auto& [x, y] : region) inside[static_cast<std::size_t>(y * 60 + x)] = 1;
  const std::vector<float> w = blend_weights(inside, size);
  for (int y = 0; y < 55; ++y)
    for (int x = 0; x < 60; ++x) {
      double d = 1e9;
      for (const auto& [u, v] : region) d = std::min(d, std::hypot(x - u, y - v));
      const double expected = d > 16 ? 0 : 0.5 + 0.5 * std::cos(std::numbers::pi * d / 17);
      EXPECT_NEAR(w[static_cast<std::size_t>(y * 60 + x)], expected, 1e-6) << x << ',' << y;
    }
}

}  // namespace
}  // namespace histoloom
