// The pyramid library's own pictures, seen as every room sees pictures. The views last as long as
// the pictures do.
#pragma once

#include "histoloom/core/picture.h"
#include "histoloom/pyramid/options.h"
#include "histoloom/pyramid/writer.h"

namespace histoloom {

inline PictureView view_of(const pyramid::AssociatedImage& picture) {
  return {picture.pixels.data(), picture.size, 3,
          static_cast<std::ptrdiff_t>(3 * picture.size.width)};
}

inline PictureView view_of(const pyramid::Thumbnail& picture) {
  return {picture.pixels.data(), picture.size, picture.channels,
          static_cast<std::ptrdiff_t>(picture.channels * picture.size.width)};
}

}  // namespace histoloom
