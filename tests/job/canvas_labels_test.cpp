#include "canvas_labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "histoloom/core/noise.h"

namespace histoloom {
namespace {

using testing::Each;
using testing::ElementsAre;

// ---- CanvasLabels

LabelGrid numbered(CellSize slide) {
  LabelGrid grid(slide, LabelId{0});
  for (std::int64_t y = 0; y < slide.height; ++y)
    for (std::int64_t x = 0; x < slide.width; ++x)
      grid.at({x, y}) = static_cast<LabelId>(10 * y + x);
  return grid;
}

std::vector<LabelId> read(const CanvasLabelField& field, const LatentRect& rect) {
  std::vector<LabelId> out(static_cast<std::size_t>(rect.area()));
  field.read(rect, out.data());
  return out;
}

TEST(CanvasLabels, CellsOutsideOfTheSlideRepeatItsBorder) {
  const LabelGrid slide = numbered({3, 2});
  const CanvasLabels labels(slide, {6, 4});
  EXPECT_EQ(labels.size(), (LatentSize{6, 4}));
  EXPECT_THAT(read(labels, {0, 0, 6, 4}), ElementsAre(0, 1, 2, 2, 2, 2,        //
                                                      10, 11, 12, 12, 12, 12,  //
                                                      10, 11, 12, 12, 12, 12,  //
                                                      10, 11, 12, 12, 12, 12));
}

TEST(CanvasLabels, TheSlideMayLieInTheMiddle) {
  LabelGrid grid(CellSize{2, 1}, LabelId{1});
  grid.at({1, 0}) = 2;
  const CanvasLabels labels(grid, {5, 3}, {2, 1});
  std::vector<LabelId> got(15);
  labels.read({0, 0, 5, 3}, got.data());
  EXPECT_EQ(got, (std::vector<LabelId>{1, 1, 1, 2, 2, 1, 1, 1, 2, 2, 1, 1, 1, 2, 2}));
  labels.read({4, 2, 5, 3}, got.data());
  EXPECT_EQ(got[0], 2);
}

TEST(CanvasLabels, EveryRectangleIsCutFromTheWhole) {
  const LabelGrid slide = numbered({7, 5});
  const CanvasLabels labels(slide, {9, 11});
  const std::vector<LabelId> whole = read(labels, {0, 0, 9, 11});
  for (std::int64_t y0 = 0; y0 < 11; ++y0)
    for (std::int64_t y1 = y0 + 1; y1 <= 11; ++y1)
      for (std::int64_t x0 = 0; x0 < 9; ++x0)
        for (std::int64_t x1 = x0 + 1; x1 <= 9; ++x1) {
          const std::vector<LabelId> part = read(labels, {x0, y0, x1, y1});
          for (std::int64_t i = 0; i < static_cast<std::int64_t>(part.size()); ++i)
            ASSERT_EQ(
                part[static_cast<std::size_t>(i)],
                whole[static_cast<std::size_t>((y0 + i / (x1 - x0)) * 9 + x0 + i % (x1 - x0))]);
        }
}

// ---- LabelledGlass

constexpr LabelId kCanvasGlass = 5;

std::vector<float> weights(const GlassField& glass, const LatentRect& rect) {
  std::vector<float> out(static_cast<std::size_t>(rect.area()));
  glass.weights(rect, out.data());
  return out;
}

TEST(LabelledGlass, FadesWithTheDistanceFromTheNearestTissue) {
  CanvasLabelGrid grid({20, 20}, kCanvasGlass);
  grid.at({8, 9}) = 1;
  const LabelledGlass glass(grid, kCanvasGlass);
  const std::vector<float> w = weights(glass, LatentRect::of(grid.size()));
  for (std::int64_t y = 0; y < 20; ++y) {
    for (std::int64_t x = 0; x < 20; ++x) {
      const double distance = std::hypot(static_cast<double>(x - 8), static_cast<double>(y - 9));
      EXPECT_NEAR(w[static_cast<std::size_t>(y * 20 + x)],
                  std::clamp((distance - 1.5) / 2.5, 0.0, 1.0), 1e-6)
          << x << "," << y;
    }
  }
}

TEST(LabelledGlass, TissueAndItsRimAreNeverGlass) {
  CanvasLabelGrid grid({16, 16}, kCanvasGlass);
  for (std::int64_t y = 4; y < 12; ++y)
    for (std::int64_t x = 4; x < 12; ++x) grid.at({x, y}) = 2;
  const LabelledGlass glass(grid, kCanvasGlass);
  EXPECT_THAT(weights(glass, {3, 3, 13, 13}), Each(0.0f));
  EXPECT_THAT(weights(glass, {0, 0, 16, 1}), Each(testing::Ge(0.9f)));
}

TEST(LabelledGlass, WithoutTissueAllIsGlassAndWithoutGlassNothingIs) {
  const CanvasLabelGrid bare({9, 7}, kCanvasGlass), full({9, 7}, 3);
  EXPECT_THAT(weights(LabelledGlass(bare, kCanvasGlass), {0, 0, 9, 7}), Each(1.0f));
  EXPECT_THAT(weights(LabelledGlass(full, kCanvasGlass), {0, 0, 9, 7}), Each(0.0f));
}

TEST(LabelledGlass, TheWeightsOfACellAreTheSameInEveryRectangle) {
  // Random islands; expected weights from the distance to every tissue cell.
  const LatentSize size{37, 29};
  CanvasLabelGrid grid(size, kCanvasGlass);
  const CounterNoise noise(12);
  for (std::int64_t y = 0; y < size.height; ++y)
    for (std::int64_t x = 0; x < size.width; ++x)
      if (noise.uniform(NoiseDomain::layout, x / 3, y / 4, 0, 0) < 0.08f) grid.at({x, y}) = 1;
  const LabelledGlass glass(grid, kCanvasGlass);
  const auto expected = [&](std::int64_t x, std::int64_t y) {
    double nearest = 4;
    for (std::int64_t v = 0; v < size.height; ++v)
      for (std::int64_t u = 0; u < size.width; ++u)
        if (grid.at({u, v}) != kCanvasGlass)
          nearest =
              std::min(nearest, std::hypot(static_cast<double>(u - x), static_cast<double>(v - y)));
    return std::clamp((nearest - 1.5) / 2.5, 0.0, 1.0);
  };
  for (const LatentRect& rect : {LatentRect{0, 0, 37, 29},
                                 {5, 3, 6, 4},
                                 {0, 28, 37, 29},
                                 {36, 0, 37, 29},
                                 {10, 10, 23, 14},
                                 {9, 0, 18, 9}}) {
    const std::vector<float> w = weights(glass, rect);
    std::size_t i = 0;
    for (std::int64_t y = rect.y0; y < rect.y1; ++y)
      for (std::int64_t x = rect.x0; x < rect.x1; ++x, ++i)
        ASSERT_NEAR(w[i], expected(x, y), 1e-6) << x << "," << y;
  }
}

TEST(LabelledGlass, AloneMeansExactlyOne) {
  // The decoder compares with 1 to leave windows out.
  CanvasLabelGrid grid({30, 8}, kCanvasGlass);
  grid.at({0, 4}) = 1;
  const LabelledGlass glass(grid, kCanvasGlass);
  EXPECT_THAT(weights(glass, {4, 0, 30, 8}), Each(1.0f));
}

// ---- The hash of a field

TEST(Sha256OfLabels, IsThatOfSizeAndIds) {
  LabelGrid a({3, 2}, 1);
  EXPECT_EQ(sha256_of(a).size(), 64u);
  EXPECT_EQ(sha256_of(a), sha256_of(LabelGrid({3, 2}, 1)));
  EXPECT_NE(sha256_of(a), sha256_of(LabelGrid({2, 3}, 1)));
  EXPECT_NE(sha256_of(a), sha256_of(LabelGrid({6, 1}, 1)));
  const std::string before = sha256_of(a);
  a.at({2, 1}) = 2;
  EXPECT_NE(sha256_of(a), before);
  // python3 -c "import hashlib, struct; print(hashlib.sha256(struct.pack('<qq', 3, 2) +
  //             bytes([1, 1, 1, 1, 1, 2])).hexdigest())"
  EXPECT_EQ(sha256_of(a), "554687c6a276eb415a8310e2a1009ad4ab824f7d420127623faab038c1c468b7");
}

}  // namespace
}  // namespace histoloom
