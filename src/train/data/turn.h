// Images and maps turned by any angle: tissue knows no axes, and the eight orientations of a square
// keep those of an image.
#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "histoloom/train/image_set.h"

namespace histoloom {

enum class Interpolation { nearest, bicubic };

// What is cut out of a plane: h × w places a cell apart around a middle, in cells from the upper
// left corner of the plane, turned by `angle` (radians, anticlockwise as seen), rows mirrored if
// asked for.
struct TurnedFrame {
  double y = 0, x = 0;  // the middle
  std::int64_t height = 0, width = 0;
  double angle = 0;
  bool mirrored = false;
};

// [C, height, width] of `planes` [C, H, W], double; beyond their border lies their mirror image.
at::Tensor cut_turned(const at::Tensor& planes, const TurnedFrame& frame, Interpolation how);

// The largest upright rectangle in one of `size` that is turned by `angle`, from 0 to π/2.
struct Extent {
  double width = 0, height = 0;
};
Extent largest_upright(PixelSize size, double angle);

// Copies of the images, turned by 90/turns degrees, twice that and so on below 90, each as large as
// it can be without anything from beyond the border, in whole latent cells of `factor` pixels;
// those smaller than `side` pixels a side are left out. Colours are interpolated bicubically; a
// cell has the label of the nearest cell. With 1 turn there are none.
std::vector<TrainingImage> turned_copies(const std::vector<TrainingImage>& images, int turns,
                                         int factor, std::int64_t side);

}  // namespace histoloom
