// Norms over channels-last activations, with what stands around them in a residual block: one pass
// reads for the statistics, one reads and writes, and nothing of the activations' size is held in
// between (a gradient's two passes hold that of `before`). All arithmetic is in float32, the
// statistics' sums in double.
//
// An activation is [batch, positions, channels] in memory, float or Bfloat16, and so are `before`,
// `after` and the result, which may be the input itself. One thread; any may call.
#pragma once

#include <cstdint>

#include "simd.h"

namespace histoloom {

struct ActivationShape {
  std::int64_t batch, positions, channels;
};

// y = act(GroupNorm(x)·(scale + 1) + shift + before) + after, where act is SiLU or nothing.
// Null pointers leave out their terms.
template <class T>
struct GroupNormCall {
  ActivationShape shape;
  std::int64_t groups;  // divides the channels
  double epsilon;
  const float* weight;           // [channels]
  const float* bias;             // [channels]
  const float* scale = nullptr;  // [batch, channels]
  const float* shift = nullptr;  // [batch, channels]
  const T* before = nullptr;
  bool silu = false;
  const T* after = nullptr;
  // Where mean and 1 / deviation of every group go, [batch, groups]; a gradient needs them.
  float* mean = nullptr;
  float* inverse = nullptr;
};

void group_norm(const GroupNormCall<float>& call, const float* x, float* y);
void group_norm(const GroupNormCall<Bfloat16>& call, const Bfloat16* x, Bfloat16* y);

// The gradient of a call without `after`, from that of its result and what it was given: its input
// and the means and inverses that it wrote.
template <class T>
struct GroupNormGradientCall {
  GroupNormCall<T> forward;
  const T* x;
  const T* result;  // the gradient of y
  T* input;         // gets that of x
  T* before;        // gets that of `before`, also where nothing was added; not `input`
  // Sums over positions of that gradient, and of it times the normalised x: [batch, channels].
  float* sum;
  float* product;
};

void group_norm_gradient(const GroupNormGradientCall<float>& call);
void group_norm_gradient(const GroupNormGradientCall<Bfloat16>& call);

// The norm of each position over its channels, scaled by `gain` [channels]; eps 1e-5, no bias.
void channel_norm(const ActivationShape& shape, const float* gain, const float* x, float* y);
void channel_norm(const ActivationShape& shape, const float* gain, const Bfloat16* x, Bfloat16* y);

}  // namespace histoloom
