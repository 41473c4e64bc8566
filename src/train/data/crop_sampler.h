// Draws crops of images.
#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "histoloom/train/image_set.h"

namespace histoloom {

inline constexpr int kCrop = 128;  // pixels a side

// Every pixel of the set is as likely as another.
class CropSampler {
 public:
  // Images are cut to multiples of `factor`.
  CropSampler(const std::vector<TrainingImage>& images, int factor);

  // Bytes [3, H, W].
  const std::vector<at::Tensor>& images() const { return images_; }

  // Float32 [batch, 3, kCrop, kCrop] in [0, 1], in any of eight orientations, stains changed with
  // the strength `augment`.
  at::Tensor draw(int batch, double augment) const;

 private:
  std::vector<at::Tensor> images_;
  at::Tensor areas_;
};

}  // namespace histoloom
