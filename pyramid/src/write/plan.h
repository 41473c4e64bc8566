// The levels that a chain works through, stored or not.
#pragma once

#include <vector>

#include "histoloom/pyramid/options.h"

namespace histoloom::pyramid {

// The longest side of the preview, of which the thumbnail is made.
constexpr std::int64_t kPreviewSide = 1024;

inline bool fits_preview(PixelSize size) {
  return size.width <= kPreviewSide && size.height <= kPreviewSide;
}

// level_sizes(), and below them those that lead to the preview.
std::vector<PixelSize> chain_sizes(const WriterOptions& options);

}  // namespace histoloom::pyramid
