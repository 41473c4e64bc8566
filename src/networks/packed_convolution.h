// A convolution for inference on CPUs, through oneDNN itself: at::conv2d lays the weights out for
// the CPU's kernels on every call, and knows no Winograd convolution.
//
// The weights are laid out once for each layout that an input's shape asks for, and the kernel of a
// shape is made once. A 3 × 3 convolution of stride 1 over enough channels runs as Winograd's
// F(4×4, 3×3) or F(2×2, 3×3) (Lavin and Gray 2016) in float32: 36 products in place of 144 for 16
// outputs, and 1e-6 to 4e-6 of the largest output away from the direct form.
#pragma once

#include <ATen/ATen.h>

#include <memory>

namespace histoloom {

class PackedConvolution {
 public:
  // `weight` [out, in, k, k]; `bias` [out], or undefined for none. Float32 or bfloat16, not copied
  // until an input asks for them.
  PackedConvolution(at::Tensor weight, at::Tensor bias, int stride, int padding);
  ~PackedConvolution();

  // The convolution of `x` [B, in, h, w], float32 or bfloat16 on the CPU; channels-last and in the
  // dtype of `x`. Any thread; the bits don't depend on which, nor on the rest of the batch.
  at::Tensor operator()(const at::Tensor& x);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace histoloom
