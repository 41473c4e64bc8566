#include "histoloom/evaluate/bootstrap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
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
  const auto [first, second] = resampled_weights(33, 7, 2, 5);
  EXPECT_EQ(std::accumulate(first.begin(), first.end(), 0), 33);
  EXPECT_EQ(std::accumulate(second.begin(), second.end(), 0), 7);
  EXPECT_EQ(resampled_weights(33, 7, 2, 5).first, first);
  EXPECT_NE(resampled_weights(33, 7, 3, 5).first, first);
  EXPECT_NE(resampled_weights(33, 7, 2, 6).first, first);
  EXPECT_NE(resampled_weights(33, 33, 2, 5).second, first);
}

TEST(Bootstrap, ReplicatesAreScaledToTheValue) {
  const Estimate estimate = estimate_of(5, {8, 10, 12});
  EXPECT_EQ(estimate.value, 5);
  EXPECT_DOUBLE_EQ(estimate.interval.low, 5 * 8.1 / 10);
  EXPECT_DOUBLE_EQ(estimate.interval.high, 5 * 11.9 / 10);
  EXPECT_EQ(estimate_of(0, {0, 0}).interval.high, 0);
}

TEST(Bootstrap, OfAMeanIsItsStandardErrorWide) {
  std::vector<double> values;
  for (int i = 0; i < 400; ++i) values.push_back(100 + i % 21 - 10);  // a deviation of 6.06
  const Estimate estimate =
      bootstrap(values.size(), 0, {1000, 1}, [&](const Weights& weights, const Weights&) {
        double sum = 0;
        for (std::size_t i = 0; i < values.size(); ++i) sum += weights[i] * values[i];
        return sum / static_cast<double>(values.size());
      });
  const double expected = 2 * 1.96 * 6.06 / std::sqrt(400.0);
  EXPECT_NEAR(estimate.interval.high - estimate.interval.low, expected, 0.1 * expected);
}

}  // namespace
}  // namespace histoloom::evaluate
