// How much smaller a level is than the image.
#pragma once

#include "histoloom/core/geometry.h"

namespace histoloom::pyramid {

// As OpenSlide computes it: the mean of the ratios of widths and heights.
inline double downsample_of(PixelSize base, PixelSize level) {
  return (static_cast<double>(base.width) / static_cast<double>(level.width) +
          static_cast<double>(base.height) / static_cast<double>(level.height)) /
         2;
}

}  // namespace histoloom::pyramid
