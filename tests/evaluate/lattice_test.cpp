#include "histoloom/evaluate/lattice.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "test_pictures.h"

namespace histoloom::evaluate {
namespace {

// A picture with a darker (or, every other time, brighter) dot at (6, 1) of every cell of 8 px.
Picture with_dots(Picture picture, int by, bool alternating = false) {
  for (std::int64_t y = 1; y < picture.size.height; y += 8)
    for (std::int64_t x = 6; x < picture.size.width; x += 8) {
      const int sign = alternating && (x / 8 + y / 8) % 2 == 0 ? 1 : -1;
      std::uint8_t& green = picture.at(x, y)[1];
      green = static_cast<std::uint8_t>(std::clamp(green + sign * by, 0, 255));
    }
  return picture;
}

LatticeMeasure measured(const Picture& picture, std::int64_t cell = 8) {
  return measure_lattice(std::vector{picture}, cell);
}

// The numbers are those that tests/evaluate/reference.py prints.
TEST(Lattice, IsThatOfNumpy) {
  const LatticeMeasure lattice = measured(test_picture({203, 150}, 3));
  EXPECT_NEAR(lattice.largest_mean, 3.7675, 1e-4);
  EXPECT_NEAR(lattice.largest_spread, 1.0707803112, 1e-6);
}

TEST(Lattice, OfADotInEveryCellIsItsDepth) {
  const Picture plain = plain_picture({96, 64}, {180, 120, 150});
  EXPECT_EQ(measured(plain).largest_mean, 0);
  EXPECT_EQ(measured(plain).largest_spread, 1);
  EXPECT_NEAR(measured(with_dots(plain, 20)).largest_mean, 20, 1e-9);
}

TEST(Lattice, DotsOfBothSignsShowInTheSpread) {
  const Picture picture = test_picture({512, 512}, 3);
  const LatticeMeasure before = measured(picture);
  const LatticeMeasure dark = measured(with_dots(picture, 60));
  const LatticeMeasure both = measured(with_dots(picture, 60, true));
  EXPECT_LT(before.largest_spread, 1.1);
  EXPECT_GT(dark.largest_mean, before.largest_mean + 40);
  EXPECT_LT(both.largest_mean, before.largest_mean + 20);
  EXPECT_GT(both.largest_spread, 1.5 * before.largest_spread);
}

TEST(Lattice, OfAnotherPeriodIsNone) {
  const Picture picture = test_picture({512, 512}, 3);
  EXPECT_LT(measured(with_dots(picture, 60), 7).largest_mean, 10);
}

TEST(Lattice, PlacesThatHaveNoNeighboursAreLeftOut) {
  Picture picture = plain_picture({3, 3}, {100, 100, 100});
  picture.at(1, 1)[2] = 110;
  EXPECT_NEAR(measured(picture).largest_mean, 10, 1e-9);
}

}  // namespace
}  // namespace histoloom::evaluate
