// Crops of training images, in the eight orientations of a square.
#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "histoloom/train/image_set.h"

namespace histoloom {

// A tensor [..., H, W] in orientation 0 to 7: bit 0 mirrors x, bit 1 mirrors y, bit 2 transposes.
at::Tensor orient(const at::Tensor& t, int orientation);

// Bytes [3, H, W] of an image, H and W cut down to multiples of `factor`.
at::Tensor image_tensor(const TrainingImage& image, int factor);

// UserError for the first that has less than `side` pixels a side; `what` it is: "image", "mask".
void require_side(const std::vector<TrainingImage>& images, std::int64_t side, const char* what);

// Ids [h, w] of the cells that image_tensor() keeps, as int64; `factor` is that of the labels.
at::Tensor label_tensor(const TrainingImage& image, int factor);

// Images as float32 in [0, 1].
at::Tensor unit_range(const at::Tensor& bytes);

// A whole number below n from torch's generator.
std::int64_t random_below(std::int64_t n);

}  // namespace histoloom
