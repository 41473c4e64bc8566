// Which cells of a picture show bare glass.
#pragma once

#include <vector>

#include "histoloom/core/picture.h"

namespace histoloom {

// One flag a cell of `factor` px: bright and without colour (bare_glass.h), in pieces of at least
// 48 × 48 px. So lumina and the gaps between fibres are tissue. `picture` is in RGB.
std::vector<bool> glass_cells(const PictureView& picture, int factor);

}  // namespace histoloom
