// Bytes as networks see them.
#pragma once

#include <ATen/ATen.h>

#include "histoloom/core/geometry.h"

namespace histoloom {

// float32 [1, 3, H, W] in [0, 1] of RGB bytes, rows without gaps.
inline at::Tensor rgb_tensor(const std::uint8_t* rgb, PixelSize size) {
  return at::from_blob(const_cast<std::uint8_t*>(rgb), {1, size.height, size.width, 3}, at::kByte)
             .permute({0, 3, 1, 2})
             .to(at::kFloat) /
         255.0;
}

}  // namespace histoloom
