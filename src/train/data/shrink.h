// Training pictures in coarser pixels: what a coarser stage learns from, and what a finer one sees.
#pragma once

#include <ATen/ATen.h>

#include "histoloom/core/picture.h"

namespace histoloom {

// The size of a picture whose pixels are `shrink` (1 or more) of those of one of `size`. The last
// column and row may be cut off.
PixelSize shrunk_size(PixelSize size, double shrink);

// A picture float32 [3, H, W] in [0, 1] with `shrink` pixels in one, by an antialiased bicubic
// kernel.
at::Tensor shrink_picture(const at::Tensor& picture, double shrink);
// The same of bytes.
Picture shrink_picture(const Picture& picture, double shrink);

}  // namespace histoloom
