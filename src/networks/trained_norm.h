// The norm of a residual block while its network is trained.
#pragma once

#include "layers.h"

namespace histoloom {

// group_norm() with gradients (first ones only), by the loops of fused_norm.h, the images of a
// batch shared out on torch's threads: `x` and `extras.before` channels-last on the CPU and of one
// dtype, float32 or bfloat16, without `extras.after`. Sums are in float32 and double whatever the
// dtype, and don't depend on the number of threads.
at::Tensor trained_group_norm(const at::Tensor& x, const GroupNormParameters& parameters,
                              const NormExtras& extras);

}  // namespace histoloom
