// A linear classifier of tissue: does a generated class look like that class?
//
// Windows of labelled tissue are described by colour and texture, and a logistic regression learns
// to tell two classes of real ones apart. If the regression recognises the classes of generated
// slides about as well as those of held-out real images, the slides follow their labels.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "histoloom/evaluate/bootstrap.h"
#include "histoloom/evaluate/patch_source.h"
#include "histoloom/evaluate/picture_ops.h"

namespace histoloom::evaluate {

// Mean and deviation of optical density in red, green and blue (6). Then the logarithms of mean
// gradient and mean curvature, of the density's mean over channels, at full size, half and a
// quarter (6).
inline constexpr std::size_t kTissueFeatures = 12;
using TissueFeatures = std::array<double, kTissueFeatures>;

// Describes a window with sides of at least 16 px.
TissueFeatures tissue_features(const Picture& window);

struct LabelledWindow {
  TissueFeatures features{};
  bool second = false;  // the second of the two classes
  PartId part = 0;      // part of an image that the window was cut from
};

// Two-class logistic regression on standardised features, both classes weighted equally, with an
// L2 penalty. Newton's method fits the regression, so that every run gives the same one.
class LinearClassifier {
 public:
  // Fits the classifier to windows of both classes. \error InternalError if a class is missing.
  static LinearClassifier train(const std::vector<LabelledWindow>& windows);
  // The estimated probability of the second class.
  double probability(const TissueFeatures& features) const;

 private:
  std::array<double, kTissueFeatures> mean_{}, scale_{};
  std::array<double, kTissueFeatures + 1> weights_{};  // the last one is the offset
};

// The mean of both classes' shares of windows that are recognised. The interval resamples parts of
// images, whose windows resemble each other; replicates without one of the classes are left out.
// Fewer than kLeastPartsOfInterval parts have no interval: a handful drawn again tells nothing of
// others.
inline constexpr std::size_t kLeastPartsOfInterval = 5;
Estimate balanced_accuracy(const LinearClassifier& classifier,
                           const std::vector<LabelledWindow>& windows,
                           const BootstrapOptions& options);

}  // namespace histoloom::evaluate
