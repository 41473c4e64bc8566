// Lattices: whether the pixels at one place of every latent cell are unlike all others, such as
// single dots in every cell. Decoders learn to put dots there in place of texture. Seams don't show
// lattices, since boundaries are compared with lines of the same phase.
#pragma once

#include <cstdint>

#include "histoloom/evaluate/picture_ops.h"

namespace histoloom::evaluate {

struct LatticeMeasure {
  // The mean difference between the pixels of a place and the mean of their eight neighbours. The
  // largest magnitude over places and channels, of 255.
  double largest_mean = 0;
  // The root mean square of this difference at a place: the largest over the median of a channel's
  // places. 1 if every place has as much detail, and 1 if half of the places have none.
  double largest_spread = 0;
};

// Measures pictures whose first pixel is the first of a cell, each at least 3 px a side, with
// `cell` px a latent cell. Pixels without eight neighbours count nowhere.
LatticeMeasure measure_lattice(Pictures pictures, std::int64_t cell);

}  // namespace histoloom::evaluate
