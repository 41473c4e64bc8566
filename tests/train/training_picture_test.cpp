#include "training_picture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "loss_plot.h"
#include "train/test_train.h"

namespace histoloom {
namespace {

using testing::ElementsAre;
using testing::Pointwise;

constexpr Colour kWhite{255, 255, 255}, kRed{200, 0, 0};

TEST(Drawing, RectanglesAndLinesCoverTheirPixelsAndNoOthers) {
  Drawing drawing({9, 7});
  drawing.fill({1, 2, 3, 4}, kRed);
  drawing.line({5, 1}, {8, 4}, 1, kRed);
  std::string drawn;
  for (std::int64_t y = 0; y < 7; ++y) {
    for (std::int64_t x = 0; x < 9; ++x) drawn += drawing.at({x, y}) == kRed ? '#' : '.';
    drawn += '\n';
  }
  EXPECT_EQ(drawn,
            ".........\n"
            ".....#...\n"
            ".##...#..\n"
            ".##....#.\n"
            "........#\n"
            ".........\n"
            ".........\n");
}

TEST(Drawing, WhatLiesOutsideIsNotDrawn) {
  Drawing drawing({4, 3});
  drawing.fill({-5, -5, 1, 9}, kRed);
  drawing.line({-3, 1}, {9, 1}, 3, kWhite);
  drawing.place({{2, 2}, std::vector<std::uint8_t>(12, 7)}, {3, 2}, 5);
  EXPECT_EQ(drawing.at({0, 0}), kWhite);
  EXPECT_EQ(drawing.at({3, 2}), (Colour{7, 7, 7}));
  EXPECT_EQ(drawing.at({2, 2}), kWhite);
}

TEST(Drawing, PicturesAreEnlargedByWholePixels) {
  Drawing drawing({6, 4});
  drawing.place({{2, 1}, {1, 2, 3, 4, 5, 6}}, {1, 1}, 2);
  EXPECT_EQ(drawing.at({0, 1}), kWhite);
  EXPECT_EQ(drawing.at({2, 2}), (Colour{1, 2, 3}));
  EXPECT_EQ(drawing.at({3, 1}), (Colour{4, 5, 6}));
  EXPECT_EQ(drawing.at({4, 2}), (Colour{4, 5, 6}));
  EXPECT_EQ(drawing.at({5, 2}), kWhite);
  EXPECT_EQ(drawing.at({3, 3}), kWhite);
}

// The columns that hold ink.
std::pair<std::int64_t, std::int64_t> ink(const Drawing& drawing) {
  std::int64_t first = 1000, last = -1;
  for (std::int64_t y = 0; y < drawing.picture().size.height; ++y)
    for (std::int64_t x = 0; x < drawing.picture().size.width; ++x)
      if (drawing.at({x, y}) != kWhite) first = std::min(first, x), last = std::max(last, x);
  return {first, last};
}

TEST(Drawing, TextStandsWhereItsAnchorSays) {
  for (const auto& [anchor, share] :
       {std::pair{Drawing::Anchor::left, 0.0}, std::pair{Drawing::Anchor::centre, 0.5},
        std::pair{Drawing::Anchor::right, 1.0}}) {
    Drawing drawing({300, 30});
    drawing.text("a < b & c", {150, 5}, {0, 0, 0}, anchor);  // no mark-up
    const auto [first, last] = ink(drawing);
    ASSERT_GT(last - first, 30);
    EXPECT_NEAR(static_cast<double>(first), 150 - share * static_cast<double>(last - first), 3);
  }
}

TEST(Ticks, AreRoundAndWithinTheirRange) {
  EXPECT_THAT(linear_ticks(0, 1000), ElementsAre(0, 200, 400, 600, 800, 1000));
  EXPECT_THAT(linear_ticks(0, 6000), ElementsAre(0, 2000, 4000, 6000));
  EXPECT_THAT(linear_ticks(0.39, 0.43),
              Pointwise(testing::DoubleNear(1e-12), {0.39, 0.4, 0.41, 0.42, 0.43}));
  EXPECT_THAT(logarithmic_ticks(0.03, 1.2),
              Pointwise(testing::DoubleNear(1e-12), {0.05, 0.1, 0.2, 0.5, 1.0}));
  EXPECT_THAT(logarithmic_ticks(2, 9),
              Pointwise(testing::DoubleNear(1e-12), {2.0, 4.0, 6.0, 8.0}));  // a factor below 5
  EXPECT_FALSE(std::signbit(linear_ticks(0, 10)[0]));
}

// The highest row with a colour in a column of the drawing.
std::int64_t top_of(const Drawing& drawing, std::int64_t x, Colour colour) {
  for (std::int64_t y = 20; y < drawing.picture().size.height; ++y)  // below the legend
    if (drawing.at({x, y}) == colour) return y;
  return -1;
}

TEST(LossPlot, CurvesLieLogarithmically) {
  constexpr Colour kTraining{31, 119, 180}, kHeldOut{214, 97, 29};
  Drawing drawing({480, 370});
  // From 64 px on, 400 columns; from 26 px on, 300 rows, 5 % of air above and below.
  draw_losses(drawing, {0, 0, 480, 370},
              {{100, 1, 0.1, 0, 0}, {200, 0.1, std::nullopt, 0, 0}, {400, 0.01, 0.01, 0, 0}});
  const auto row = [](double loss) {
    const double low = 0.01 / 1.05, high = 1.05;
    return 325 - 299 * std::log(loss / low) / std::log(high / low);
  };
  const auto column = [](int step) { return 64 + std::lround(399.0 * step / 400); };
  // A mark reaches two pixels further up.
  EXPECT_NEAR(static_cast<double>(top_of(drawing, column(100), kTraining)), row(1) - 2, 1);
  EXPECT_NEAR(static_cast<double>(top_of(drawing, column(200), kTraining)), row(0.1) - 2, 2);
  // Straight from 100 to 400 where a row has no held-out loss.
  EXPECT_NEAR(static_cast<double>(top_of(drawing, column(250), kHeldOut)), row(std::sqrt(1e-3)), 2);
}

TEST(LossPlot, OneRowAndLossesOfNothingAreDrawnToo) {
  Drawing one({400, 300}), none({400, 300});
  draw_losses(one, {0, 0, 400, 300}, {{5, 0.3, {}, 0, 0}});
  EXPECT_GT(ink(one).second, 0);
  draw_losses(none, {0, 0, 400, 300}, {{5, 0, 0, 0, 0}});
  EXPECT_EQ(ink(none).second, -1);
}

TEST(TrainingPicture, ShowsItsSamplesBelowTheCurves) {
  const ScratchDirectory scratch;
  const Picture small{{100, 50}, std::vector<std::uint8_t>(100 * 50 * 3, 90)};
  write_training_picture(scratch / "a.png", {{5, 0.3, {}, 0, 0}},
                         {{"first", {small, small}}, {"second", {small}}});
  const VipsPtr<VipsImage> image = open_vips_image(scratch / "a.png");
  ASSERT_NE(image, nullptr);
  // Margins of 16; curves of 900 × 360; a row is a caption of 24, twice 50, and 16 of air.
  EXPECT_EQ(vips_image_get_width(image.get()), 932);
  EXPECT_EQ(vips_image_get_height(image.get()), 32 + 360 + 2 * (24 + 100 + 16));
  std::size_t bytes = 0;
  const auto* rgb =
      static_cast<const std::uint8_t*>(vips_image_write_to_memory(image.get(), &bytes));
  const auto value = [&](std::size_t x, std::size_t y) { return rgb[3 * (y * 932 + x)]; };
  EXPECT_EQ(value(16, 400), 90);
  EXPECT_EQ(value(215, 499), 90);
  EXPECT_EQ(value(220, 450), 255);  // the gap
  EXPECT_EQ(value(224, 450), 90);
  EXPECT_EQ(value(16, 540), 90);
  EXPECT_EQ(value(224, 560), 255);
  g_free(const_cast<std::uint8_t*>(rgb));
}

TEST(TrainingPicture, APlaceThatCannotBeWrittenIsNamed) {
  const ScratchDirectory scratch;
  const std::filesystem::path path = scratch / "nowhere" / "a.png";
  EXPECT_THAT(message_of([&] {
                write_training_picture(path, {{5, 0.3, {}, 0, 0}}, {});
              }),
              testing::HasSubstr(path.string()));
}

}  // namespace
}  // namespace histoloom
