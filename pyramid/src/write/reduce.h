// Shrinking a block by a whole factor.
#pragma once

#include <cstddef>
#include <cstdint>

#include "block.h"
#include "histoloom/pyramid/options.h"

namespace histoloom::pyramid {

// Writes ceil(width / factor) × ceil(height / factor) pixels to `out`, rows `out_stride` apart.
// A window that reaches past the block counts only the pixels inside. The mean rounds half to
// even, so that a chain of levels doesn't drift brighter; the mode's rule is at Reduction.
void reduce(const Block& in, int factor, Reduction how, std::uint8_t* out,
            std::ptrdiff_t out_stride);

}  // namespace histoloom::pyramid
