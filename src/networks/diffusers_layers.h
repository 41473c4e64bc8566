// The layers that diffusers' autoencoders and U-Nets share, with their published names. Activations
// are [B, C, h, w], channels-last, in the dtype of the convolutions; norms compute in float32.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include "layers.h"

namespace histoloom {

struct NormSpec {
  int groups = 32;
  double eps = 1e-6;
};

// GroupNorm with an epsilon of its own; the result has the dtype of `x`.
class NormImpl final : public torch::nn::Module {
 public:
  NormImpl(int channels, NormSpec spec);
  at::Tensor forward(const at::Tensor& x);
  // SiLU of forward().
  at::Tensor silu(const at::Tensor& x);

 private:
  at::Tensor weight_, bias_;
  NormSpec spec_;
};
TORCH_MODULE(Norm);

// x + conv2(silu(norm2(conv1(silu(norm1(x))) + time))), x through a 1×1 convolution where the
// number of channels changes.
class ResnetBlockImpl final : public torch::nn::Module {
 public:
  // `time` is the width of the time embedding, 0 for a block without.
  ResnetBlockImpl(int in, int out, NormSpec norm, int time = 0);
  // `time`: SiLU of the time embedding, float32 [B, width]; ignored by a block without.
  at::Tensor forward(const at::Tensor& x, const at::Tensor& time = {});
  // Multiplies and adds for one position.
  double flop() const;

 private:
  Norm norm1_{nullptr}, norm2_{nullptr};
  Conv conv1_{nullptr}, conv2_{nullptr}, shortcut_{nullptr};
  torch::nn::Linear time_{nullptr};
};
TORCH_MODULE(ResnetBlock);

// Nearest neighbour ×2, then 3×3: a module `conv`.
class UpsampleImpl final : public torch::nn::Module {
 public:
  explicit UpsampleImpl(int channels);
  at::Tensor forward(const at::Tensor& x);
  // Multiplies and adds for one position of the input.
  double flop() const { return 4 * conv_->flop_per_position(); }

 private:
  Conv conv_{nullptr};
};
TORCH_MODULE(Upsample);

}  // namespace histoloom
