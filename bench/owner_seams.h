// Seams where crops meet, wherever they lie: the gradient of pixels across cells that different
// crops wrote, over that across the nearest cells that one crop wrote.
#pragma once

#include <ATen/ATen.h>

#include "histoloom/evaluate/picture_ops.h"

namespace histoloom {

class OwnerSeams {
 public:
  // `owners` [h, w]: the crop that wrote each cell of `factor` px of the picture.
  void add(const evaluate::Picture& picture, const at::Tensor& owners, int factor);
  // 1 without seams; over both axes of all pictures.
  double gradient_ratio() const { return (across_ / crossings_) / (beside_ / neighbours_); }

 private:
  double across_ = 0, beside_ = 0;  // sums of gradients
  double crossings_ = 0, neighbours_ = 0;
};

}  // namespace histoloom
