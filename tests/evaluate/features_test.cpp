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

TEST(DataCopyingTest, IsThatOfScipyInEveryCluster) {
  const DataCopying honest =
      data_copying(clustered(60, 1), clustered(30, 2), clustered(45, 3), 3, 0);
  EXPECT_EQ(honest.cells, 3u);
  EXPECT_NEAR(honest.c_t, 0.25886009, 1e-6);
  const DataCopying copies =
      data_copying(clustered(60, 1), clustered(30, 2), clustered(60, 1), 3, 0);
  EXPECT_NEAR(copies.c_t, -4.39941345, 1e-6);
}

TEST(DataCopyingTest, OfEqualDistancesIsZero) {
  EXPECT_NEAR(data_copying(clustered(60, 1), clustered(30, 2), clustered(30, 2), 3, 0).c_t, 0,
              1e-12);
}

TEST(DataCopyingTest, LeavesOutCellsThatNothingGeneratedLiesIn) {
  Features generated = test_features(20, 2, 3);  // the first cluster only
  const DataCopying copying = data_copying(clustered(60, 1), clustered(30, 2), generated, 3, 0);
  EXPECT_EQ(copying.cells, 1u);
}

}  // namespace
}  // namespace histoloom::evaluate
