// Sparse annotations made into whole masks, as the mask denoiser learns from.
//
// Pathologists annotate what is clear and leave the rest. A network that is to paint every cell
// needs to see what stands in the rest, so it is filled in:
//
//  with an image     by a classifier of cells (colour and texture) that has learnt from the
//                    annotated cells of all images
//  without an image  by growing each annotation over what is not annotated
//
// and smoothed over 7 × 7 cells, so that specks of a classifier don't become anatomy. Glass stays
// glass.
#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "histoloom/train/image_set.h"
#include "histoloom/vocabulary/label_set.h"

namespace histoloom {

// One mask, whole. All tensors are [h, w].
struct CompletedMask {
  at::Tensor classes;  // int64: index into LabelSet::tissue(), −1 for glass
  at::Tensor known;    // bool: annotated, or seen in the image by the classifier; never glass
};

// A two-layer network from the features of a cell to classes of tissue. What it learns depends on
// its inputs and the seed alone.
class CellClassifier {
 public:
  // Learns from `features` [n, d] of cells whose `classes` [n] are 0 to count - 1; rare classes
  // weigh more (one over the square root of their number).
  CellClassifier(const at::Tensor& features, const at::Tensor& classes, int count,
                 std::uint64_t seed);
  // Probabilities [n, count].
  at::Tensor probabilities(const at::Tensor& features) const;

 private:
  at::Tensor hidden(const at::Tensor& features) const;

  at::Tensor mean_, deviation_, weight1_, bias1_, weight2_, bias2_;
};

// Grows classes (int64 [h, w], −1 where there is none) over everything else: a cell a round takes
// the class that most of its neighbours have, four and eight of them in turn, on a tie the lowest.
// `count`: of classes. Cells that are `barred` (bool [h, w], or undefined) take none, and what
// can't be reached stays −1.
at::Tensor grow_classes(at::Tensor classes, int count, const at::Tensor& barred = {});

class MaskCompletion {
 public:
  // Trains the classifier on the annotated cells of those images that have pixels. UserError where
  // no cell of any image is annotated.
  MaskCompletion(const std::vector<TrainingImage>& images, const LabelSet& labels, int factor,
                 std::uint64_t seed);

  CompletedMask complete(const TrainingImage& image) const;
  // The share of the annotated cells of images that the classifier takes for what they are; NaN
  // where none has pixels.
  double accuracy(const std::vector<TrainingImage>& images) const;

 private:
  at::Tensor annotated_classes(const TrainingImage& image) const;
  at::Tensor probabilities(const TrainingImage& image) const;

  int factor_, count_;
  std::vector<LabelId> tissue_;
  std::optional<LabelId> glass_;
  std::optional<CellClassifier> classifier_;
};

}  // namespace histoloom
