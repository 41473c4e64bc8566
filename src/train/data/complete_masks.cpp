#include "complete_masks.h"

#include <fmt/format.h>
#include <torch/optim/adamw.h>

#include <cmath>
#include <limits>

#include "cell_features.h"
#include "crops.h"
#include "histoloom/core/error.h"

namespace histoloom {

namespace {

constexpr int kHiddenUnits = 24;
constexpr int kClassifierSteps = 300;

// [count, h, w] from ids [h, w]; zeros where the id is −1.
at::Tensor one_hot(const at::Tensor& classes, int count) {
  return at::one_hot(classes + 1, count + 1).narrow(-1, 1, count).permute({2, 0, 1}).to(at::kFloat);
}

// Three box filters are nearly a Gaussian (of deviation 1.4 cells); one alone would leave borders
// that run along the axes.
at::Tensor smoothed(at::Tensor t) {
  for (int i = 0; i < 3; ++i) t = box_mean(t, 3);
  return t;
}

// How often each class stands among a cell's neighbours: the four beside it, or all eight.
at::Tensor neighbours(const at::Tensor& classes, int count, bool eight) {
  const at::Tensor hot = one_hot(classes, count);
  if (eight) return box_mean(hot, 3);
  const auto mean = [&](at::IntArrayRef kernel, at::IntArrayRef padding) {
    return at::avg_pool2d(hot.unsqueeze(0), kernel, 1, padding).squeeze(0);
  };
  return mean({1, 3}, {0, 1}) + mean({3, 1}, {1, 0});
}

// Rows of features, cell by cell.
at::Tensor rows_of_cells(const at::Tensor& features) { return features.flatten(1).t(); }

}  // namespace

CellClassifier::CellClassifier(const at::Tensor& features, const at::Tensor& classes, int count,
                               std::uint64_t seed)
    : mean_(features.mean(0)), deviation_(features.std(0, /*unbiased=*/false).clamp_min(1e-6)) {
  at::manual_seed(seed);
  const std::int64_t inputs = features.size(1);
  weight1_ = at::randn({kHiddenUnits, inputs}) / std::sqrt(static_cast<double>(inputs));
  weight2_ = at::randn({count, kHiddenUnits}) / std::sqrt(static_cast<double>(kHiddenUnits));
  bias1_ = at::zeros({kHiddenUnits});
  bias2_ = at::zeros({count});
  std::vector<at::Tensor> parameters{weight1_, bias1_, weight2_, bias2_};
  for (at::Tensor& p : parameters) p.requires_grad_();

  const at::Tensor numbers = at::bincount(classes, {}, count).clamp_min(1).to(at::kFloat);
  const at::Tensor weights = numbers.rsqrt();
  torch::optim::AdamW optimizer(parameters, torch::optim::AdamWOptions(0.02).weight_decay(0.05));
  for (int step = 0; step < kClassifierSteps; ++step) {
    optimizer.zero_grad();
    at::cross_entropy_loss(hidden(features), classes, weights).backward();
    optimizer.step();
  }
  for (at::Tensor& p : parameters) p.requires_grad_(false);
}

at::Tensor CellClassifier::hidden(const at::Tensor& features) const {
  const at::Tensor x = (features - mean_) / deviation_;
  return at::linear(at::linear(x, weight1_, bias1_).tanh(), weight2_, bias2_);
}

at::Tensor CellClassifier::probabilities(const at::Tensor& features) const {
  return hidden(features).softmax(1);
}

// Four neighbours and eight in turn, so that what grows is an octagon, nearly round.
at::Tensor grow_classes(at::Tensor classes, int count, const at::Tensor& barred) {
  for (bool eight = false;; eight = !eight) {
    at::Tensor empty = classes < 0;
    if (barred.defined()) empty = empty & barred.logical_not();
    if (!empty.any().item<bool>()) return classes;
    const at::Tensor near = neighbours(classes, count, eight);
    const at::Tensor reached = empty & (near.sum(0) > 0);
    // Where four neighbours reach nothing, eight may.
    if (!reached.any().item<bool>() && eight) return classes;
    classes = at::where(reached, near.argmax(0), classes);
  }
}

MaskCompletion::MaskCompletion(const std::vector<TrainingImage>& images, const LabelSet& labels,
                               int factor, std::uint64_t seed)
    : factor_(factor),
      count_(static_cast<int>(labels.tissue().size())),
      tissue_(labels.tissue()),
      glass_(labels.glass()) {
  std::vector<at::Tensor> features, classes;
  std::int64_t annotated = 0;
  for (const TrainingImage& image : images) {
    const at::Tensor ids = annotated_classes(image).flatten();
    const at::Tensor cells = at::nonzero(ids >= 0).squeeze(1);
    annotated += cells.numel();
    if (image.pixels.empty() || cells.numel() == 0) continue;
    features.push_back(rows_of_cells(cell_features(image, factor)).index_select(0, cells));
    classes.push_back(ids.index_select(0, cells));
  }
  if (annotated == 0)
    throw UserError("no cell of any mask is annotated; the mask denoiser has nothing to learn");
  if (!features.empty()) classifier_.emplace(at::cat(features), at::cat(classes), count_, seed);
}

at::Tensor MaskCompletion::annotated_classes(const TrainingImage& image) const {
  at::Tensor index = at::full({256}, -1, at::kLong);
  for (std::size_t i = 0; i < tissue_.size(); ++i) index[tissue_[i]] = static_cast<std::int64_t>(i);
  return index.index({label_tensor(image, factor_)});
}

at::Tensor MaskCompletion::probabilities(const TrainingImage& image) const {
  const at::Tensor features = cell_features(image, factor_);
  return classifier_->probabilities(rows_of_cells(features))
      .t()
      .reshape({count_, features.size(1), features.size(2)});
}

CompletedMask MaskCompletion::complete(const TrainingImage& image) const {
  const at::Tensor annotated = annotated_classes(image);
  at::Tensor glass;
  if (glass_) glass = label_tensor(image, factor_) == *glass_;
  if (image.pixels.empty() || !classifier_) {
    // Around glass first, then what it shuts off.
    const at::Tensor grown = grow_classes(grow_classes(annotated, count_, glass), count_);
    at::Tensor classes = smoothed(one_hot(grown, count_)).argmax(0);
    if (glass_) classes = classes.masked_fill(glass, -1);
    return {classes, annotated >= 0};
  }
  const at::Tensor is_annotated = annotated >= 0;
  const at::Tensor mixed =
      at::where(is_annotated, one_hot(annotated, count_), probabilities(image));
  at::Tensor classes = at::where(is_annotated, annotated, smoothed(mixed).argmax(0));
  if (glass_) classes = classes.masked_fill(glass, -1);
  return {classes, classes >= 0};
}

double MaskCompletion::accuracy(const std::vector<TrainingImage>& images) const {
  std::int64_t right = 0, all = 0;
  for (const TrainingImage& image : images) {
    if (image.pixels.empty() || !classifier_) continue;
    const at::Tensor truth = annotated_classes(image), is_annotated = truth >= 0;
    right += (probabilities(image).argmax(0).eq(truth) & is_annotated).sum().item<std::int64_t>();
    all += is_annotated.sum().item<std::int64_t>();
  }
  return all > 0 ? static_cast<double>(right) / static_cast<double>(all)
                 : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace histoloom
