// Memory for a layer's result.
#pragma once

#include <ATen/ATen.h>

namespace histoloom {

// An uninitialised tensor [B, C, h, w], channels-last. A large one comes from the system afresh,
// and is asked for in huge pages: the faults of ordinary ones took longer than most layers (58 ms
// against 18 for 134 MB).
at::Tensor empty_activation(at::IntArrayRef sizes, const at::TensorOptions& options);

}  // namespace histoloom
