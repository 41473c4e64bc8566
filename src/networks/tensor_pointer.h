// Tensors handed to loops that know no torch.
#pragma once

#include <ATen/ATen.h>

#include "simd.h"

namespace histoloom {

// True where such a loop may take the place of torch's operators: no gradient is recorded, and the
// tensor lies on the CPU, channels-last, in float32 or bfloat16.
inline bool may_fuse(const at::Tensor& x) {
  const bool known = x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16;
  return known && x.is_cpu() && !(at::GradMode::is_enabled() && x.requires_grad()) &&
         x.is_contiguous(at::MemoryFormat::ChannelsLast);
}

// Null for a tensor that isn't there.
template <class T>
T* elements(const at::Tensor& t) {
  return t.defined() ? static_cast<T*>(t.data_ptr()) : nullptr;
}

// Calls `f` with a pointer to the elements of `t`, of float or Bfloat16.
template <class F>
void with_elements(const at::Tensor& t, F f) {
  if (t.scalar_type() == at::kFloat)
    f(elements<float>(t));
  else
    f(elements<Bfloat16>(t));
}

}  // namespace histoloom
