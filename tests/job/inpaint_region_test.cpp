#include "inpaint_region.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "support/scratch.h"

namespace histoloom {
namespace {

ModelBundle region_bundle() {
  ModelBundle b;
  b.latent.downsampling = 8;
  b.patch = 32;
  return b;
}

TEST(ValidateRegion, NamesTheRegionAndTheLimit) {
  const auto refusal = [](const PixelRect& box, PixelSize slide) {
    return message_of([&] { validate_region(box, slide, region_bundle()); });
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
  const InpaintGeometry g = inpaint_geometry({500, 300, 600, 350}, {2220, 2967}, region_bundle());
  EXPECT_EQ(g.blend, (PixelRect{484, 284, 616, 366}));
  EXPECT_EQ(g.painted, (CellRect{62, 37, 75, 44}));
  EXPECT_EQ(g.decoded, (CellRect{60, 35, 77, 46}));
  EXPECT_EQ(g.canvas, (CellRect{28, 3, 109, 78}));
}

TEST(InpaintGeometry, EndsWhereTheSlideDoes) {
  const InpaintGeometry g = inpaint_geometry({0, 2960, 8, 2967}, {2220, 2967}, region_bundle());
  EXPECT_EQ(g.blend, (PixelRect{0, 2944, 24, 2967}));
  EXPECT_EQ(g.canvas, (CellRect{0, 336, 35, 371}));
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

// ---- Cells and pixels that are painted

// A canvas of 40 × 35 cells at cell (10, 5) of the slide, glass in its cells from column 20 on.
struct Region {
  PixelRegion region = PixelRegion::rectangle({200, 120, 300, 180});
  InpaintGeometry geometry{.blend = {184, 104, 316, 196},
                           .painted = {25, 15, 38, 23},
                           .decoded = {23, 13, 40, 25},
                           .canvas = {10, 5, 50, 40}};
  CanvasLabelGrid labels{LatentSize{40, 35}, 1};
  Region() {
    for (std::int64_t y = 0; y < 35; ++y)
      for (std::int64_t x = 20; x < 40; ++x) labels.at({x, y}) = 5;
  }
};

TEST(PaintedCellsOfARegion, AreThoseThatItMeetsButGlass) {
  const Region r;
  const std::vector<std::uint8_t> cells = painted_cells(r.region, r.geometry, r.labels, 5, 8);
  const std::vector<std::uint8_t> all =
      painted_cells(r.region, r.geometry, r.labels, std::nullopt, 8);
  for (std::int64_t y = 0; y < 35; ++y)
    for (std::int64_t x = 0; x < 40; ++x) {
      const auto i = static_cast<std::size_t>(y * 40 + x);
      const bool met = r.geometry.painted.contains(CellRect::at({x + 10, y + 5}, {1, 1}));
      EXPECT_EQ(all[i], met) << x << ',' << y;
      EXPECT_EQ(cells[i], met && x < 20) << x << ',' << y;
    }
  EXPECT_EQ(
      message_of([&] {
        painted_cells(r.region, r.geometry, CanvasLabelGrid(LatentSize{40, 35}, 5), LabelId{5}, 8);
      }),
      "the region 200,120,100,60 holds no cell of tissue to paint; give another region or mask");
}

TEST(ReplacedPixels, AreThoseOfTheRegionInPaintedCells) {
  const Region r;
  const std::vector<std::uint8_t> cells = painted_cells(r.region, r.geometry, r.labels, 5, 8);
  const PixelRect rect = r.geometry.blend;
  const std::vector<std::uint8_t> replaced = replaced_pixels(r.region, rect, r.geometry, cells, 8);
  for (std::int64_t i = 0; i < rect.area(); ++i) {
    const std::int64_t x = rect.x0 + i % rect.width(), y = rect.y0 + i / rect.width();
    EXPECT_EQ(replaced[static_cast<std::size_t>(i)], x >= 200 && x < 240 && y >= 120 && y < 180)
        << x << ',' << y;
  }
}

TEST(PaintedCells, AreOneLabelAndAllOthersAnother) {
  const std::vector<std::uint8_t> painted{0, 1, 1, 0, 1, 0};
  const PaintedCells cells(painted, {3, 2});
  std::vector<LabelId> out(4);
  cells.read({1, 0, 3, 2}, out.data());
  EXPECT_EQ(out, (std::vector<LabelId>{PaintedCells::kPainted, PaintedCells::kPainted,
                                       PaintedCells::kPainted, PaintedCells::kNotPainted}));
}

TEST(Blend, TakesNewOldOrAShareOfBoth) {
  std::vector<std::uint8_t> fresh{100, 0, 255, 100, 0, 255, 100, 0, 255};
  blend(fresh, {10, 20, 30, 10, 20, 30, 10, 20, 30}, {1.0f, 0.0f, 0.25f});
  EXPECT_EQ(fresh, (std::vector<std::uint8_t>{100, 0, 255, 10, 20, 30, 33, 15, 86}));
}

}  // namespace
}  // namespace histoloom
