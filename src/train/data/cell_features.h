// What a cell of an image looks like, for telling tissues apart: colour and texture of the cell and
// of its neighbourhoods.
#pragma once

#include <ATen/ATen.h>

#include "histoloom/train/image_set.h"

namespace histoloom {

inline constexpr int kCellFeatures = 22;

// Features [22, h, w] of the cells of an image with pixels, float32. Seven of the cell itself: mean
// and deviation of the optical density of red, green and blue, and the mean absolute difference of
// neighbouring pixels; their means over 3 × 3 and 7 × 7 cells; and the deviation of the cells' mean
// density over 7 × 7 cells.
at::Tensor cell_features(const TrainingImage& image, int factor);

// Means of `t` [C, h, w] over side × side cells around each; at the border over those that exist.
at::Tensor box_mean(const at::Tensor& t, int side);

}  // namespace histoloom
