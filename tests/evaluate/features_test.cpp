// Measures on features beside SciPy: the numbers are those that tests/evaluate/reference.py prints.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "histoloom/evaluate/feature_measures.h"
#include "matrix.h"
#include "support/scratch.h"
#include "test_features.h"

namespace histoloom::evaluate {
namespace {

// Three clusters far apart, image by image in turn.
Features clustered(std::size_t count, std::uint32_t seed) {
  Features out = test_features(count, 2, seed);
  for (std::size_t i = 0; i < out.values.size(); ++i)
    out.values[i] += 100 * static_cast<float>(i / 2 % 3);
  return out;
}

// ---- Frechet distance

TEST(FrechetDistance, IsThatOfScipyWithFewerImagesThanDimensionsAndWithMore) {
  EXPECT_NEAR(frechet_distance(test_features(5, 8, 1), test_features(5, 8, 2, 0.7f)), 114.474103,
              1e-3);
  EXPECT_NEAR(frechet_distance(test_features(50, 8, 1), test_features(50, 8, 2, 0.7f)),
              15.982662416, 1e-4);
}

TEST(FrechetDistance, OfASetToItselfIsZero) {
  for (const std::size_t count : {5, 50}) {
    const Features set = test_features(count, 8, 1);
    EXPECT_NEAR(frechet_distance(set, set), 0, 1e-4) << count;
  }
}

TEST(FrechetDistance, OfSetsThatDoNotFitIsABug) {
  const auto message = [](const Features& a, const Features& b) {
    return message_of<InternalError>([&] { frechet_distance(a, b); });
  };
  EXPECT_THAT(message(test_features(5, 8, 1), test_features(5, 7, 1)),
              testing::HasSubstr("must have one number of dimensions, and two images a set"));
  EXPECT_THAT(message(test_features(5, 8, 1), test_features(1, 8, 1)),
              testing::HasSubstr("must have one number of dimensions, and two images a set"));
}

TEST(Eigenvalues, OfAChainOfSpringsAreKnown) {
  // 2 on the diagonal and -1 beside it: 2 - 2 cos(k pi / (n + 1)).
  constexpr std::size_t kSide = 33;
  Matrix chain(kSide, kSide);
  for (std::size_t i = 0; i < kSide; ++i) {
    chain.at(i, i) = 2;
    if (i > 0) chain.at(i, i - 1) = chain.at(i - 1, i) = -1;
  }
  std::vector<double> values = eigenvalues(chain);
  std::sort(values.begin(), values.end());
  for (std::size_t k = 0; k < kSide; ++k)
    EXPECT_NEAR(values[k],
                2 - 2 * std::cos(std::numbers::pi * static_cast<double>(k + 1) / (kSide + 1)),
                1e-12);
}

TEST(Eigenvalues, OfADegenerateMatrixAreFound) {
  Matrix ones(7, 7);
  for (double& v : ones.values) v = 1;
  std::vector<double> values = eigenvalues(ones);
  std::sort(values.begin(), values.end());
  EXPECT_NEAR(values[6], 7, 1e-12);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_NEAR(values[i], 0, 1e-12);
  EXPECT_EQ(eigenvalues(Matrix(3, 3)), std::vector<double>(3, 0.0));
}

TEST(Cholesky, MultipliesBackEvenWhereSingular) {
  const Features set = test_features(4, 7, 1);
  Matrix rows(7, 4);  // a 7 × 7 product of rank 4
  for (std::size_t i = 0; i < 28; ++i) rows.values[i] = static_cast<double>(set.values[i]);
  const Matrix product = product_with_transposed(rows, rows);
  const Matrix lower = cholesky(product);
  const Matrix again = product_with_transposed(lower, lower);
  for (std::size_t i = 0; i < 49; ++i) EXPECT_NEAR(again.values[i], product.values[i], 1e-9);
}

// ---- The others

TEST(KernelDistance, IsThatOfNumpy) {
  EXPECT_NEAR(kernel_distance(test_features(50, 8, 1), test_features(50, 8, 2, 0.7f)),
              7003.545357877, 0.01);
}

TEST(KernelDistance, OfOneDistributionIsAboutZero) {
  const Features a = test_features(300, 4, 1), b = test_features(300, 4, 2);
  const double shifted = kernel_distance(a, test_features(300, 4, 2, 0.7f));
  EXPECT_LT(std::abs(kernel_distance(a, b)), 0.05 * shifted);
}

TEST(InceptionScore, IsThatOfScipy) {
  Features logits = test_features(20, 5, 3);
  for (float& v : logits.values) v /= 4;
  EXPECT_NEAR(inception_score(logits, 4), 1.1561887964, 1e-6);
}

TEST(InceptionScore, RunsFromOneToTheNumberOfClasses) {
  Features logits{3, {}};
  for (int i = 0; i < 9; ++i)
    for (int k = 0; k < 3; ++k) logits.values.push_back(i % 3 == k ? 50.0f : 0.0f);
  EXPECT_NEAR(inception_score(logits, 3), 3, 1e-6);
  logits.values.assign(27, 1);
  EXPECT_NEAR(inception_score(logits, 3), 1, 1e-12);
}

TEST(PrecisionRecallTest, AreThoseOfScipy) {
  const PrecisionRecall both =
      precision_recall(test_features(40, 3, 1), test_features(45, 3, 2, 1.0f));
  EXPECT_DOUBLE_EQ(both.precision, 41.0 / 45);
  EXPECT_DOUBLE_EQ(both.recall, 37.0 / 40);
}

TEST(PrecisionRecallTest, OneModeOnlyIsPreciseButRecallsLittle) {
  const Features real = clustered(60, 1);
  Features one{2, {}};
  for (std::size_t i = 0; i < 60; i += 3)
    one.values.insert(one.values.end(), real.row(i).begin(), real.row(i).end());
  EXPECT_EQ(precision_recall(real, one).precision, 1);
  EXPECT_LT(precision_recall(real, one).recall, 0.5);
}

TEST(Authenticity, IsThatOfScipy) {
  EXPECT_DOUBLE_EQ(authenticity(test_features(40, 3, 1), test_features(45, 3, 2, 1.0f)), 21.0 / 45);
}

TEST(Authenticity, OfCopiesIsZero) {
  const Features training = test_features(40, 3, 1);
  EXPECT_EQ(authenticity(training, training), 0);
}

// Three clusters that overlap: the nearest training image of all may lie in another cell.
Features overlapping(std::size_t count, std::uint32_t seed) {
  Features out = test_features(count, 2, seed);
  for (std::size_t i = 0; i < out.values.size(); ++i)
    out.values[i] += 9 * static_cast<float>(i / 2 % 3);
  return out;
}

TEST(DataCopying, IsThatOfScipyWhereCellsMeet) {
  const auto c_t = [](const Features& generated) {
    return data_copying(overlapping(120, 1), overlapping(60, 2), generated, {.clusters = 3});
  };
  EXPECT_NEAR(c_t(overlapping(90, 3)).value(), 0.1761594854197975, 1e-6);
  EXPECT_NEAR(c_t(overlapping(120, 1)).value(), -6.282790045836955, 1e-6) << "copies";
}

TEST(DataCopying, LeavesOutCellsWithFewGeneratedImages) {
  const Features all = overlapping(90, 3);
  Features few{2, {}};  // 14 lie in the last cell
  for (std::size_t i = 0; i < 90; ++i)
    if (i % 3 != 2 || i <= 44)
      few.values.insert(few.values.end(), all.row(i).begin(), all.row(i).end());
  const auto c_t = data_copying(overlapping(120, 1), overlapping(60, 2), few, {.clusters = 3});
  EXPECT_NEAR(c_t.value(), -0.23605320002211594, 1e-6);
}

TEST(DataCopying, OfEqualDistancesIsZero) {
  const Features held_out = overlapping(90, 2);
  EXPECT_NEAR(data_copying(overlapping(120, 1), held_out, held_out, {.clusters = 3}).value(), 0,
              1e-12);
}

TEST(DataCopying, SaysNothingWhereNoCellHoldsBothKinds) {
  const Features training = clustered(60, 1), first = test_features(20, 2, 3);
  Features last = test_features(20, 2, 4);
  for (float& v : last.values) v += 200;
  EXPECT_EQ(data_copying(training, last, first, {.clusters = 3}), std::nullopt);
  EXPECT_EQ(data_copying(training, first, test_features(19, 2, 5), {.clusters = 3}), std::nullopt)
      << "one less than the threshold";
  EXPECT_TRUE(data_copying(training, first, test_features(20, 2, 5), {.clusters = 3}));
}

}  // namespace
}  // namespace histoloom::evaluate
