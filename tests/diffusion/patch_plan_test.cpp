#include "histoloom/diffusion/patch_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "histoloom/core/error.h"

namespace histoloom {
namespace {

std::vector<Crop> crops_of(PlanKind kind, LatentSize canvas, int patch, std::uint64_t seed,
                           int step) {
  const auto plan = make_plan(kind, canvas, patch, seed, step);
  std::vector<Crop> out;
  Crop crop;
  while (plan->next(crop)) out.push_back(crop);
  EXPECT_FALSE(plan->next(crop));
  return out;
}

bool same(const std::vector<Crop>& a, const std::vector<Crop>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Crop& x, const Crop& y) {
    return x.corner == y.corner && x.owned == y.owned;
  });
}

// ---- What every plan promises.

struct Case {
  PlanKind kind;
  LatentSize canvas;
  int patch;
};

class PlanContract : public testing::TestWithParam<Case> {
 protected:
  std::vector<Crop> crops(std::uint64_t seed, int step) const {
    return crops_of(GetParam().kind, GetParam().canvas, GetParam().patch, seed, step);
  }
  const std::int64_t patch_ = GetParam().patch;
  const LatentSize canvas_ = GetParam().canvas;
};

TEST_P(PlanContract, EveryCellIsOwnedExactlyOnce) {
  for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}}) {
    for (const int step : {0, 1, 17}) {
      std::vector<int> owners(static_cast<std::size_t>(canvas_.area()));
      for (const Crop& crop : crops(seed, step)) {
        ASSERT_EQ(crop.owned.size(), static_cast<std::size_t>(patch_ * patch_));
        for (std::int64_t i = 0; i < patch_ * patch_; ++i) {
          if (!crop.owned[static_cast<std::size_t>(i)]) continue;
          const std::int64_t x = crop.corner.x + i % patch_, y = crop.corner.y + i / patch_;
          ++owners[static_cast<std::size_t>(y * canvas_.width + x)];
        }
      }
      EXPECT_THAT(owners, testing::Each(1)) << "seed " << seed << ", step " << step;
    }
  }
}

TEST_P(PlanContract, CropsLieInsideTheCanvasAndNoneIsIdle) {
  for (const int step : {0, 5}) {
    for (const Crop& crop : crops(9, step)) {
      EXPECT_TRUE(LatentRect::of(canvas_).contains(LatentRect::at(crop.corner, {patch_, patch_})));
      EXPECT_NE(std::accumulate(crop.owned.begin(), crop.owned.end(), 0), 0);
    }
  }
}

TEST_P(PlanContract, TheSameSeedAndStepGiveTheSameCrops) {
  EXPECT_TRUE(same(crops(7, 3), crops(7, 3)));
}

TEST_P(PlanContract, AnotherStepOrSeedGivesOtherCrops) {
  if (canvas_.width == patch_ && canvas_.height == patch_) {
    EXPECT_EQ(crops(7, 3).size(), 1u) << "one crop covers the canvas";
    return;
  }
  if (canvas_.area() < patch_ * patch_ * 2) return;  // few ways to cover it
  EXPECT_FALSE(same(crops(7, 3), crops(7, 4)));
  EXPECT_FALSE(same(crops(7, 3), crops(8, 3)));
  EXPECT_FALSE(same(crops(7, 3), crops(7 + (std::uint64_t{1} << 32), 3)));
}

std::vector<Case> cases() {
  std::vector<Case> out;
  for (const PlanKind kind : {PlanKind::shifted, PlanKind::random}) {
    for (const LatentSize canvas :
         {LatentSize{32, 32}, {33, 32}, {32, 33}, {100, 64}, {257, 42}, {32, 300}, {63, 65}})
      out.push_back({kind, canvas, 32});
    out.push_back({kind, {19, 31}, 4});
    out.push_back({kind, {17, 5}, 5});
  }
  return out;
}

INSTANTIATE_TEST_SUITE_P(Plans, PlanContract, testing::ValuesIn(cases()), [](const auto& test) {
  const Case& c = test.param;
  return std::string(name_of(c.kind)) + "_" + std::to_string(c.canvas.width) + "x" +
         std::to_string(c.canvas.height) + "_" + std::to_string(c.patch);
});

// ---- The shifted plan

// Where the seams of a step lie, modulo the patch; -1 where there are none.
LatentPoint offset_of(std::uint64_t seed, int step, int patch) {
  LatentPoint out{patch, patch};
  for (const Crop& crop : crops_of(PlanKind::shifted, {3 * patch, 3 * patch}, patch, seed, step)) {
    std::int64_t width = 0, height = 0;
    for (int i = 0; i < patch; ++i) {
      width += crop.owned[static_cast<std::size_t>(i)];
      height += crop.owned[static_cast<std::size_t>(i * patch)];
    }
    if (crop.corner == LatentPoint{0, 0} && crop.owned[0]) return {width % patch, height % patch};
  }
  return out;
}

TEST(ShiftedPlan, SeamsOfNeighbouringStepsLieFarApart) {
  const int patch = 32;
  const auto distance = [](std::int64_t a, std::int64_t b) {
    const std::int64_t d = std::abs(a - b);
    return std::min<std::int64_t>(d, 32 - d);
  };
  for (const std::uint64_t seed : {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{77}}) {
    for (int step = 0; step < 40; ++step) {
      const LatentPoint a = offset_of(seed, step, patch), b = offset_of(seed, step + 1, patch);
      EXPECT_GE(distance(a.x, b.x), 7) << step;
      EXPECT_GE(distance(a.y, b.y), 13) << step;
    }
  }
}

TEST(ShiftedPlan, OffsetsOfManyStepsFillThePatchEvenly) {
  // 64 steps of a sequence of low discrepancy leave no eighth of the patch empty or crowded.
  std::array<int, 8> xs{}, ys{};
  for (int step = 0; step < 64; ++step) {
    const LatentPoint p = offset_of(3, step, 32);
    ++xs[static_cast<std::size_t>(p.x / 4)];
    ++ys[static_cast<std::size_t>(p.y / 4)];
  }
  EXPECT_THAT(xs, testing::Each(testing::AllOf(testing::Ge(6), testing::Le(10))));
  EXPECT_THAT(ys, testing::Each(testing::AllOf(testing::Ge(6), testing::Le(10))));
}

TEST(ShiftedPlan, TakesOnePatchMoreASideThanTheMinimum) {
  for (const int n : {2, 5, 16}) {
    for (int step = 0; step < 6; ++step) {
      const LatentPoint offset = offset_of(4, step, 8);
      const int columns = n + (offset.x != 0), rows = n + (offset.y != 0);
      EXPECT_EQ(crops_of(PlanKind::shifted, {n * 8, n * 8}, 8, 4, step).size(),
                static_cast<std::size_t>(columns * rows));
    }
  }
}

TEST(ShiftedPlan, AnAxisOfOnePatchIsNotCut) {
  for (int step = 0; step < 5; ++step) {
    EXPECT_EQ(crops_of(PlanKind::shifted, {32, 32}, 32, 1, step).size(), 1u);
    for (const Crop& crop : crops_of(PlanKind::shifted, {32, 96}, 32, 1, step))
      EXPECT_EQ(crop.corner.x, 0);
    EXPECT_LE(crops_of(PlanKind::shifted, {32, 96}, 32, 1, step).size(), 4u);
  }
}

// ---- The random plan

TEST(RandomPlan, TheFirstCropThatCoversACellOwnsIt) {
  const LatentSize canvas{70, 45};
  std::vector<bool> covered(static_cast<std::size_t>(canvas.area()));
  for (const Crop& crop : crops_of(PlanKind::random, canvas, 8, 6, 2)) {
    for (std::int64_t i = 0; i < 64; ++i) {
      auto cell = covered[static_cast<std::size_t>((crop.corner.y + i / 8) * canvas.width +
                                                   crop.corner.x + i % 8)];
      EXPECT_EQ(crop.owned[static_cast<std::size_t>(i)] != 0, !cell);
      cell = true;
    }
  }
}

TEST(RandomPlan, NeedsAboutTwoPointTwoTimesTheMinimumOfCrops) {
  // Measured with the published code: 2.19 at every size (16 × 16 patches here).
  double crops = 0;
  for (std::uint64_t seed = 0; seed < 8; ++seed)
    crops += static_cast<double>(crops_of(PlanKind::random, {256, 256}, 16, seed, 0).size());
  EXPECT_NEAR(crops / 8 / 256, 2.19, 0.06);
}

TEST(RandomPlan, CropsBeginAnywhere) {
  // The first crop of 800 seeds: a quarter in each quadrant, within five deviations.
  std::array<int, 4> quadrants{};
  for (std::uint64_t seed = 0; seed < 800; ++seed) {
    Crop crop;
    make_plan(PlanKind::random, {101, 53}, 5, seed, 1)->next(crop);
    ++quadrants[static_cast<std::size_t>((crop.corner.x > 48) + 2 * (crop.corner.y > 24))];
  }
  EXPECT_THAT(quadrants, testing::Each(testing::AllOf(testing::Ge(140), testing::Le(260))));
}

// ---- Tapered axes

TEST(TaperedAxis, WeightsSumToOneAtEveryCellBordersIncluded) {
  for (const auto& [patch, overlap] : {std::pair{8, 1}, {8, 4}, {32, 8}, {5, 2}}) {
    for (std::int64_t length = patch; length <= 7 * patch + 3; ++length) {
      const TaperedAxis axis = make_tapered_axis(length, patch, overlap);
      ASSERT_EQ(axis.starts.size(), axis.weights.size());
      std::vector<double> sum(static_cast<std::size_t>(length));
      for (std::size_t k = 0; k < axis.starts.size(); ++k) {
        ASSERT_EQ(axis.weights[k].size(), static_cast<std::size_t>(patch));
        for (std::size_t i = 0; i < axis.weights[k].size(); ++i) {
          EXPECT_GT(axis.weights[k][i], 0.0f);
          sum[static_cast<std::size_t>(axis.starts[k]) + i] +=
              static_cast<double>(axis.weights[k][i]);
        }
      }
      EXPECT_THAT(sum, testing::Each(testing::DoubleNear(1, 1e-6))) << length;
    }
  }
}

TEST(TaperedAxis, PatchesOverlapByWhatWasAskedForAndCoverBothEnds) {
  for (std::int64_t length = 32; length <= 400; ++length) {
    const TaperedAxis axis = make_tapered_axis(length, 32, 8);
    EXPECT_EQ(axis.starts.front(), 0);
    EXPECT_EQ(axis.starts.back(), length - 32);
    for (std::size_t k = 0; k + 1 < axis.starts.size(); ++k) {
      EXPECT_LT(axis.starts[k], axis.starts[k + 1]);
      EXPECT_LE(axis.starts[k + 1], axis.starts[k] + 24);
    }
    EXPECT_EQ(static_cast<std::int64_t>(axis.starts.size()), 1 + divide_up(length - 32, 24));
  }
}

TEST(TaperedAxis, WeightsNeverJump) {
  const TaperedAxis axis = make_tapered_axis(131, 32, 8);
  for (const auto& w : axis.weights)
    for (std::size_t i = 0; i + 1 < w.size(); ++i) EXPECT_LT(std::abs(w[i + 1] - w[i]), 0.25f);
}

TEST(PatchPlan, ACanvasSmallerThanAPatchIsABug) {
  EXPECT_THROW(make_plan(PlanKind::shifted, {31, 40}, 32, 0, 0), InternalError);
  EXPECT_THROW(make_plan(PlanKind::random, {40, 31}, 32, 0, 0), InternalError);
  EXPECT_THROW(make_tapered_axis(31, 32, 8), InternalError);
  EXPECT_THROW(make_tapered_axis(40, 32, 17), InternalError);
}

}  // namespace
}  // namespace histoloom
