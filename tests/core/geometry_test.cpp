#include "histoloom/core/geometry.h"

#include <gtest/gtest.h>

#include <type_traits>

namespace histoloom {
namespace {

TEST(Geometry, PixelsAndCellsAreDifferentTypes) {
  static_assert(!std::is_convertible_v<PixelRect, LatentRect>);
  static_assert(!std::is_convertible_v<LatentPoint, PixelPoint>);
  static_assert(!std::is_convertible_v<PixelSize, LatentSize>);
  static_assert(!std::is_convertible_v<CellRect, LatentRect>);
  static_assert(!std::is_convertible_v<LatentRect, CellRect>);
  static_assert(!std::is_convertible_v<MaskRect, CellRect>);
  static_assert(!std::is_convertible_v<MaskPoint, LatentPoint>);
}

TEST(Geometry, RectanglesAreHalfOpen) {
  const PixelRect r = PixelRect::at({2, 3}, {4, 5});
  EXPECT_EQ(r, (PixelRect{2, 3, 6, 8}));
  EXPECT_EQ(r.width(), 4);
  EXPECT_EQ(r.height(), 5);
  EXPECT_EQ(r.area(), 20);
  EXPECT_TRUE(r.contains(PixelPoint{2, 3}));
  EXPECT_TRUE(r.contains(PixelPoint{5, 7}));
  EXPECT_FALSE(r.contains(PixelPoint{6, 7}));
  EXPECT_FALSE(r.contains(PixelPoint{5, 8}));
  EXPECT_TRUE(r.contains(r));
  EXPECT_FALSE(r.contains(PixelRect{2, 3, 7, 8}));
}

TEST(Geometry, RectanglesThatDoNotMeetHaveNoArea) {
  const LatentRect apart = intersect<LatentSpace>({0, 0, 4, 4}, {6, 8, 9, 9});
  EXPECT_TRUE(apart.empty());
  EXPECT_EQ(apart.area(), 0);
  EXPECT_TRUE(intersect<LatentSpace>({0, 0, 4, 4}, {4, 0, 8, 4}).empty());
  EXPECT_EQ(intersect<LatentSpace>({0, 0, 4, 4}, {3, 1, 8, 9}), (LatentRect{3, 1, 4, 4}));
}

TEST(Geometry, CellsCoverEveryPixel) {
  EXPECT_EQ(latent_size_for({4096, 4096}, 8), (CellSize{512, 512}));
  EXPECT_EQ(latent_size_for({33, 100}, 8), (CellSize{5, 13}));
  EXPECT_EQ(latent_size_for({1, 0}, 8), (CellSize{1, 0}));
  EXPECT_EQ(pixels_from_latent({1, 2, 3, 4}, 8), (PixelRect{8, 16, 24, 32}));
  EXPECT_EQ(divide_up(0, 3), 0);
  EXPECT_EQ(divide_up(3, 3), 1);
  EXPECT_EQ(divide_up(4, 3), 2);
}

TEST(Geometry, SizesWithoutASideAreEmpty) {
  EXPECT_TRUE((PixelSize{0, 5}).empty());
  EXPECT_TRUE((PixelSize{5, -1}).empty());
  EXPECT_FALSE((PixelSize{1, 1}).empty());
  EXPECT_EQ((PixelSize{100000, 100000}).area(), 10000000000);
}

}  // namespace
}  // namespace histoloom
