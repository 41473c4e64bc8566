#include "histoloom/evaluate/bootstrap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

namespace histoloom::evaluate {
namespace {

using testing::ElementsAre;

TEST(Quantile, IsLinearBetweenNeighboursAsNumpys) {
  EXPECT_DOUBLE_EQ(quantile({4, 1, 3, 2}, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(quantile({4, 1, 3, 2}, 0.1), 1.3);
  EXPECT_DOUBLE_EQ(quantile({7}, 0.975), 7);
  EXPECT_DOUBLE_EQ(quantile({1, 2}, 1), 2);
}

TEST(Bootstrap, WeightsSumToTheNumberOfPatchesAndRepeat) {
  const Weights first = resampled_weights(33, Side::first, 2, 5);
  EXPECT_EQ(std::accumulate(first.begin(), first.end(), 0), 33);
  EXPECT_EQ(resampled_weights(33, Side::first, 2, 5), first);
  EXPECT_NE(resampled_weights(33, Side::first, 3, 5), first);
  EXPECT_NE(resampled_weights(33, Side::first, 2, 6), first);
  EXPECT_NE(resampled_weights(33, Side::second, 2, 5), first);
  const Weights second = resampled_weights(7, Side::second, 2, 5);
  EXPECT_EQ(std::accumulate(second.begin(), second.end(), 0), 7);
}

TEST(Bootstrap, DrawsWholeImagesWhereThereAreSeveral) {
  const std::vector<std::size_t> sources{4, 9, 4, 9, 4, 9, 7, 7};
  for (int r = 0; r < 20; ++r) {
    const Weights weights = resampled_weights({8, sources}, Side::first, r, 0);
    EXPECT_EQ(std::accumulate(weights.begin(), weights.end(), 0), 8);
    // But for the one that is taken in part, an image's patches count equally often.
    int uneven = 0;
    uneven += weights[0] != weights[2] || weights[2] != weights[4];
    uneven += weights[1] != weights[3] || weights[3] != weights[5];
    uneven += weights[6] != weights[7];
    EXPECT_LE(uneven, 1) << r;
  }
  const std::vector<std::size_t> one(8, 3);
  EXPECT_EQ(resampled_weights({8, one}, Side::first, 1, 0), resampled_weights(8, Side::first, 1, 0))
      << "of one image single patches are drawn";
}

TEST(Bootstrap, ReplicatesAreScaledToTheValue) {
  const Estimate estimate = estimate_of(5, {8, 10, 12});
  EXPECT_EQ(estimate.value, 5);
  EXPECT_DOUBLE_EQ(estimate.interval->low, 5 * 8.1 / 10);
  EXPECT_DOUBLE_EQ(estimate.interval->high, 5 * 11.9 / 10);
  EXPECT_EQ(estimate_of(0, {0, 0}).interval->high, 0);
}

TEST(Bootstrap, OfWhatIsInfiniteHasNoInterval) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_FALSE(estimate_of(kInfinity, {1, 2}).interval);
  EXPECT_FALSE(estimate_of(1, {1, kInfinity}).interval);
  EXPECT_FALSE(estimate_of(1, {}).interval);
}

// Means of ten patches each of 40 images, which differ by more than their patches do.
TEST(Bootstrap, OfImagesThatDifferIsWiderThanThatOfTheirPatches) {
  std::vector<double> values;
  std::vector<std::size_t> sources;
  for (std::size_t i = 0; i < 400; ++i) {
    sources.push_back(i / 10);
    values.push_back(100 + static_cast<double>(i / 10 % 21) + 0.1 * static_cast<double>(i % 10));
  }
  const auto width = [&](const Resampled& drawn) {
    const Estimate estimate =
        bootstrap(drawn, 0, {.replicates = 500}, [&](const Weights& weights, const Weights&) {
          double sum = 0;
          for (std::size_t i = 0; i < values.size(); ++i) sum += weights[i] * values[i];
          return sum / static_cast<double>(values.size());
        });
    return estimate.interval->high - estimate.interval->low;
  };
  const double deviation = std::sqrt((21 * 21 - 1) / 12.0);
  EXPECT_NEAR(width({400, sources}), 2 * 1.96 * deviation / std::sqrt(40.0), 0.8);
  EXPECT_GT(width({400, sources}), 2.5 * width(400));
}

TEST(Bootstrap, OfAMeanIsItsStandardErrorWide) {
  std::vector<double> values;
  for (int i = 0; i < 400; ++i) values.push_back(100 + i % 21 - 10);  // a deviation of 6.06
  const Estimate estimate = bootstrap(values.size(), 0, {.replicates = 1000, .seed = 1},
                                      [&](const Weights& weights, const Weights&) {
                                        double sum = 0;
                                        for (std::size_t i = 0; i < values.size(); ++i)
                                          sum += weights[i] * values[i];
                                        return sum / static_cast<double>(values.size());
                                      });
  const double expected = 2 * 1.96 * 6.06 / std::sqrt(400.0);
  EXPECT_NEAR(estimate.interval->high - estimate.interval->low, expected, 0.1 * expected);
}

}  // namespace
}  // namespace histoloom::evaluate
