// The classifier of tissue beside NumPy and SciPy: the numbers are those that
// tests/evaluate/reference.py prints.
#include "histoloom/evaluate/classifier.h"

#include <gmock/gmock.h>

#include "test_features.h"
#include "test_pictures.h"

namespace histoloom::evaluate {
namespace {

// 90 windows of 9 images; every third one is of the second class, which differs in two features.
std::vector<LabelledWindow> test_windows(std::uint32_t seed) {
  const Features features = test_features(90, kTissueFeatures, seed);
  std::vector<LabelledWindow> out(90);
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i].second = i % 3 == 0;
    out[i].part = i / 10;
    for (std::size_t f = 0; f < kTissueFeatures; ++f)
      out[i].features[f] =
          static_cast<double>(features.row(i)[f]) + (out[i].second && f < 2 ? 6 : 0);
  }
  return out;
}

TEST(TissueFeaturesTest, AreThoseOfNumpy) {
  const std::array expected{0.21625244,  0.12096995, 0.27823057,  0.14272918,
                            0.34997457,  0.17099142, -2.46714319, -2.06123795,
                            -2.71281093, -2.816753,  -2.21806615, -2.97555487};
  const TissueFeatures features = tissue_features(test_picture({33, 35}, 4));
  for (std::size_t f = 0; f < kTissueFeatures; ++f)
    EXPECT_NEAR(features[f], expected[f], 1e-5) << f;
}

TEST(LinearClassifierTest, IsThatOfScipy) {
  const auto classifier = LinearClassifier::train(test_windows(1));
  const auto windows = test_windows(2);
  EXPECT_NEAR(classifier.probability(windows[0].features), 0.793921723, 1e-4);
  EXPECT_NEAR(classifier.probability(windows[1].features), 0.396376173, 1e-4);
  EXPECT_NEAR(classifier.probability(windows[2].features), 3.91621e-5, 1e-7);
  const Estimate accuracy = balanced_accuracy(classifier, windows, {});
  EXPECT_DOUBLE_EQ(accuracy.value, 0.925);
  EXPECT_LT(accuracy.interval->low, accuracy.value);
  EXPECT_GT(accuracy.interval->high, accuracy.value);
  EXPECT_GT(accuracy.interval->low, 0.7);
}

TEST(LinearClassifierTest, OfFewPartsHasNoInterval) {
  const auto classifier = LinearClassifier::train(test_windows(1));
  auto windows = test_windows(2);
  for (auto& window : windows) window.part %= 4;
  EXPECT_DOUBLE_EQ(balanced_accuracy(classifier, windows, {}).value, 0.925);
  EXPECT_FALSE(balanced_accuracy(classifier, windows, {}).interval);
  for (std::size_t i = 0; i < windows.size(); ++i) windows[i].part = i / 10 % 5;
  EXPECT_TRUE(balanced_accuracy(classifier, windows, {}).interval);
}

TEST(LinearClassifierTest, CountsBothClassesEqually) {
  std::vector<LabelledWindow> windows = test_windows(1);
  for (LabelledWindow& window : windows) window.features = {};
  const auto blind = LinearClassifier::train(windows);
  EXPECT_NEAR(blind.probability(windows[0].features), 0.5, 1e-9);
  EXPECT_DOUBLE_EQ(balanced_accuracy(blind, windows, {}).value, 0.5);
}

TEST(LinearClassifierTest, AFeatureThatNeverChangesTellsNothing) {
  std::vector<LabelledWindow> windows = test_windows(1);
  const auto features = tissue_features(plain_picture({32, 32}, {231, 171, 201}));
  for (LabelledWindow& window : windows)
    for (std::size_t f = 2; f < kTissueFeatures; ++f) window.features[f] = features[f];
  const auto classifier = LinearClassifier::train(windows);
  TissueFeatures other = windows[0].features;
  for (std::size_t f = 2; f < kTissueFeatures; ++f) other[f] += 1;
  EXPECT_EQ(classifier.probability(other), classifier.probability(windows[0].features));
}

TEST(LinearClassifierTest, OfOneClassIsABug) {
  std::vector<LabelledWindow> windows = test_windows(1);
  for (LabelledWindow& window : windows) window.second = true;
  EXPECT_THAT(message_of<InternalError>([&] { LinearClassifier::train(windows); }),
              testing::HasSubstr("a classifier needs windows of both classes"));
}

}  // namespace
}  // namespace histoloom::evaluate
