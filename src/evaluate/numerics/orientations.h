// The eight ways in which a denoiser is shown its patches.
#pragma once

#include <array>
#include <cstddef>

#include "histoloom/evaluate/picture_ops.h"

namespace histoloom::evaluate {

inline constexpr std::size_t kOrientations = 8;

// Quarter turns anticlockwise, 0 to 3 of them, and then those of the mirror image (left and right
// changed), 4 to 7.
std::array<Plane, kOrientations> orientations(Plane plane);

// The orientation that undoes orientation i.
std::size_t undoing(std::size_t i);

// Where a square of `side` px with its upper left corner at `corner` in orientation i of a plane of
// `size` lies in that plane: its upper left corner there.
PixelPoint place_before(PixelPoint corner, std::int64_t side, std::size_t i, PixelSize size);

}  // namespace histoloom::evaluate
