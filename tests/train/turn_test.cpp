// Turned patches and images against their definition, place by place.
#include "turn.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "train/test_train.h"

namespace histoloom {
namespace {

constexpr double kQuarter = std::numbers::pi / 2;
constexpr auto kNearest = Interpolation::nearest;

TEST(CutTurned, IsThePlainPatchWhereNothingTurns) {
  const at::Tensor planes = at::arange(2 * 12 * 15).view({2, 12, 15}).to(at::kDouble);
  const at::Tensor plain = planes.narrow(1, 3, 6).narrow(2, 8, 6);
  const auto cut = [&](double angle, bool mirrored, Interpolation how) {
    return cut_turned(planes, {6, 11, 6, 6, angle, mirrored}, how);
  };
  EXPECT_TRUE(at::equal(cut(0, false, kNearest), plain));
  EXPECT_TRUE(at::allclose(cut(0, false, Interpolation::bicubic), plain));
  EXPECT_TRUE(at::equal(cut(0, true, kNearest), plain.flip(2)));
  EXPECT_TRUE(at::equal(cut(kQuarter, false, kNearest), plain.rot90(1, {1, 2})));
  EXPECT_TRUE(at::equal(cut(2 * kQuarter, false, kNearest), plain.rot90(2, {1, 2})));
}

TEST(CutTurned, TakesTheNearestCellAndBeyondTheBorderItsMirrorImage) {
  const at::Tensor planes = at::arange(20 * 20).view({1, 20, 20});
  const double angle = 0.4;
  const at::Tensor patch = cut_turned(planes, {5.5, 14.5, 11, 11, angle, false}, kNearest);
  ASSERT_EQ(patch.sizes(), (std::vector<std::int64_t>{1, 11, 11}));
  const auto inside = [](double at) {  // the borders are at -0.5 and 19.5
    return std::lround(at < -0.5 ? -1 - at : at > 19.5 ? 39 - at : at);
  };
  for (int i = 0; i < 11; ++i)
    for (int j = 0; j < 11; ++j) {
      const double u = 14 + std::cos(angle) * (j - 5) - std::sin(angle) * (i - 5);
      const double v = 5 + std::sin(angle) * (j - 5) + std::cos(angle) * (i - 5);
      EXPECT_EQ(patch[0][i][j].item<double>(), inside(v) * 20 + inside(u)) << i << "," << j;
    }
}

// Whether the upright rectangle lies in the turned one: its corners, turned back, do.
bool fits(Extent extent, PixelSize size, double angle, double slack) {
  for (const int sx : {-1, 1})
    for (const int sy : {-1, 1}) {
      const double x = sx * extent.width / 2, y = sy * extent.height / 2;
      const double u = std::cos(angle) * x - std::sin(angle) * y;
      const double v = std::sin(angle) * x + std::cos(angle) * y;
      if (std::abs(u) > static_cast<double>(size.width) / 2 + slack ||
          std::abs(v) > static_cast<double>(size.height) / 2 + slack)
        return false;
    }
  return true;
}

TEST(LargestUpright, FitsAndNothingLargerDoes) {
  for (const PixelSize size : {PixelSize{512, 512}, {700, 300}, {300, 700}, {1000, 90}, {64, 65}}) {
    for (const double angle : {0.0, 0.1, 0.4, kQuarter / 2, 1.0, 1.5, kQuarter}) {
      const Extent e = largest_upright(size, angle);
      EXPECT_TRUE(fits(e, size, angle, 1e-6)) << size.width << " " << angle;
      double most = 0;
      for (int i = 1; i <= 400; ++i)
        for (int j = 1; j <= 400; ++j) {
          const Extent other{1000.0 * i / 400, 1000.0 * j / 400};
          if (fits(other, size, angle, 0)) most = std::max(most, other.width * other.height);
        }
      EXPECT_GE(e.width * e.height, most - 1e-6) << size.width << " " << angle;
    }
  }
  EXPECT_NEAR(largest_upright({512, 512}, kQuarter / 2).width, 512 / std::numbers::sqrt2, 1e-9);
}

TrainingImage striped(PixelSize size, int factor) {
  TrainingImage image;
  image.name = "stripes";
  image.size = size;
  image.labelled = true;
  // Left half dark with label 1, right half pale with label 2.
  image.pixels = pixels_of(size, [&](std::int64_t x, std::int64_t) {
    return 2 * x < size.width ? Rgb{60, 40, 100} : Rgb{230, 180, 210};
  });
  const CellSize cells = latent_size_for(size, factor);
  for (std::int64_t i = 0; i < cells.area(); ++i)
    image.labels.push_back(2 * (i % cells.width) < cells.width ? 1 : 2);
  return image;
}

TEST(TurnedCopies, PixelsAndLabelsTurnTogether) {
  const std::vector<TrainingImage> copies = turned_copies({striped({200, 184}, 8)}, 3, 8, 64);
  ASSERT_EQ(copies.size(), 2u);
  EXPECT_EQ(copies[0].name, "stripes, turned by 30 degrees");
  EXPECT_EQ(copies[1].name, "stripes, turned by 60 degrees");
  for (std::size_t k = 0; k < 2; ++k) {
    const TrainingImage& copy = copies[k];
    const double angle = kQuarter * static_cast<double>(k + 1) / 3;
    EXPECT_TRUE(copy.labelled);
    EXPECT_TRUE(copy.size.width % 8 == 0 && copy.size.height % 8 == 0);
    ASSERT_EQ(copy.pixels.size(), static_cast<std::size_t>(3 * copy.size.area()));
    ASSERT_EQ(copy.labels.size(), static_cast<std::size_t>(copy.size.area() / 64));
    for (std::int64_t y = 0; y < copy.size.height; ++y)
      for (std::int64_t x = 0; x < copy.size.width; ++x) {
        // How far right of the middle the place lies in the image.
        const double across = static_cast<double>(2 * x + 1 - copy.size.width) / 2;
        const double down = static_cast<double>(2 * y + 1 - copy.size.height) / 2;
        const double right = std::cos(angle) * across - std::sin(angle) * down;
        if (std::abs(right) < 10) continue;  // interpolated, or in a cell on the border
        const auto i = static_cast<std::size_t>(y * copy.size.width + x);
        ASSERT_EQ(copy.pixels[3 * i], right < 0 ? 60 : 230) << x << "," << y;
        const auto cell = static_cast<std::size_t>(y / 8 * (copy.size.width / 8) + x / 8);
        ASSERT_EQ(copy.labels[cell], right < 0 ? 1 : 2) << x << "," << y;
      }
  }
}

TEST(TurnedCopies, OneTurnHasNoneAndThoseTooSmallAreLeftOut) {
  const TrainingImage image = striped({160, 160}, 8);
  EXPECT_TRUE(turned_copies({image}, 1, 8, 64).empty());
  // 160 / sqrt(2) = 113 px: 14 cells.
  EXPECT_EQ(turned_copies({image}, 2, 8, 112).size(), 1u);
  EXPECT_TRUE(turned_copies({image}, 2, 8, 120).empty());
}

}  // namespace
}  // namespace histoloom
