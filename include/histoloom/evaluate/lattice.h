// Lattices: whether the pixels at one place of every latent cell are unlike all others, as single
// dots in every cell are, which decoders learn to put there in the place of texture. Seams don't
// show them, since boundaries are compared with lines of the same phase.
#pragma once

#include <cstdint>

#include "histoloom/evaluate/picture_ops.h"

namespace histoloom::evaluate {

struct LatticeMeasure {
  // The largest magnitude, over places and channels, of the mean difference between the pixels of a
  // place and the mean of their eight neighbours, of 255.
  double largest_mean = 0;
  // The same differences' largest root mean square over a channel's places, over their median: 1
  // where every place has as much detail. 1 where half of the places have none.
  double largest_spread = 0;
};

// Of pictures whose first pixel is the first of a cell, each at least 3 px a side, `cell` px a
// latent cell. Pixels without eight neighbours count nowhere.
LatticeMeasure measure_lattice(Pictures pictures, std::int64_t cell);

}  // namespace histoloom::evaluate
