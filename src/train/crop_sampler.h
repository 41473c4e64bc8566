// Draws crops of images.
#pragma once

#include <torch/torch.h>

#include <vector>

#include "histoloom/labels/label_set.h"
#include "histoloom/train/image_set.h"
#include "histoloom/train/train.h"

namespace histoloom {

inline constexpr int kCrop = 128;  // pixels a side

// The images that autoencoders learn from, or those that are held out. \error UserError as
// read_image_set(), and for an image smaller than a crop.
std::vector<TrainingImage> read_crop_images(const TrainOptions& options, const LabelSet& labels,
                                            bool held_out);

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
