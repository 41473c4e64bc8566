// Attention whose queries take two values only, over channels-last activations: as DiffInfinite's,
// which are W·1 where the mask is set and 0 where it isn't. Two rows are all of it: a softmax over
// the positions, head by head, and the mean of the values. O(positions), no matrix of scores.
//
// One thread; any may call. Sums over positions are in double.
#pragma once

#include <cstdint>

#include "simd.h"

namespace histoloom {

struct TwoRowShape {
  std::int64_t batch, positions, heads, width;  // `width` channels a head
};

// From `kv` [batch, positions, 2 · heads · width], the keys of all heads before the values, and the
// query [heads · width], already divided by sqrt(width): the values that the query weighs out and
// their mean, each [batch, heads · width].
void two_row_attention(const TwoRowShape& shape, const float* query, const float* kv, float* asked,
                       float* mean);
void two_row_attention(const TwoRowShape& shape, const float* query, const Bfloat16* kv,
                       float* asked, float* mean);

// y = x + set where `mask` [batch, positions] isn't 0, else x + clear, for `x` and `y` [batch,
// positions, channels] and rows [batch, channels].
struct RowChoice {
  std::int64_t batch, positions, channels;
  const float *mask, *set, *clear;
};
void add_chosen_row(const RowChoice& choice, const float* x, float* y);
void add_chosen_row(const RowChoice& choice, const Bfloat16* x, Bfloat16* y);

}  // namespace histoloom
