// The layers that our own networks share. Activations are channels-last, in the dtype of the
// network's convolutions; weights of norms and everything that is summed over many values stay in
// float32.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <memory>

#include "histoloom/networks/denoiser.h"
#include "packed_convolution.h"

namespace histoloom {

at::ScalarType scalar_type(DType dtype);

// A k × k convolution with zero padding that keeps the size (stride 1, odd k) or halves an even
// size (stride 2).
class ConvImpl : public torch::nn::Module {
 public:
  // `gain` scales the initial weights; 0 makes the layer start as a no-op in a residual branch.
  ConvImpl(int in, int out, int kernel, int stride = 1, double gain = 1.0, bool bias = true);
  // Computes in the dtype of `x`.
  at::Tensor forward(const at::Tensor& x);
  // Multiplies and adds for one position of the output.
  double flop_per_position() const { return flop_; }
  const at::Tensor& weight() const { return weight_; }
  // Replaces every output channel's weights by (w − mean) / sqrt(variance + 1e-5), for good.
  void standardise();
  // From here on forward() runs oneDNN's kernels on the weights as they are now, without gradients.
  void pack();

 protected:
  at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight) const;

  at::Tensor weight_, bias_;

 private:
  int stride_, padding_;
  double flop_;
  std::shared_ptr<PackedConvolution> packed_;
};
TORCH_MODULE(Conv);

// Weights standardised per output channel: (w − mean) / sqrt(biased variance + 1e-5).
at::Tensor standardised(const at::Tensor& weight);

// What follows a GroupNorm in a residual block, y = act(norm·(scale + 1) + shift + before) + after;
// what isn't given is left out.
struct NormExtras {
  at::Tensor scale{}, shift{};  // [B, C], float32
  at::Tensor before{};          // like `x`, or a row of it to be repeated
  bool silu = false;
  at::Tensor after{};  // like `x`
};

struct GroupNormParameters {
  at::Tensor weight, bias;  // [C], float32
  int groups;
  double eps;
};

// GroupNorm of `x` [B, C, h, w] and what follows it, in float32 inside; the result is channels-last
// and has the dtype of `x`. By fused_norm.h on the CPU, and by trained_norm.h where a gradient is
// recorded and nothing is added after.
at::Tensor group_norm(const at::Tensor& x, const GroupNormParameters& parameters,
                      const NormExtras& extras);

// (x − mean) / sqrt(variance + 1e-5)·gain of every position over its channels; `gain` [1, C, 1, 1].
at::Tensor channel_norm(const at::Tensor& x, const at::Tensor& gain);

class GroupNormImpl : public torch::nn::Module {
 public:
  GroupNormImpl(int groups, int channels);
  at::Tensor forward(const at::Tensor& x, const NormExtras& extras = {}) {
    return group_norm(x, {weight_, bias_, groups_, 1e-5}, extras);
  }

 private:
  at::Tensor weight_, bias_;
  int groups_;
};
TORCH_MODULE(GroupNorm);

// Self-attention over all positions, residual, with a norm before: x + proj(softmax(qk)v).
class SelfAttentionImpl : public torch::nn::Module {
 public:
  SelfAttentionImpl(int channels, int heads, int groups);
  at::Tensor forward(const at::Tensor& x);
  // Multiplies and adds for `positions` positions.
  double flop(double positions) const;

 private:
  GroupNorm norm_{nullptr};
  Conv qkv_{nullptr}, out_{nullptr};
  int channels_, heads_;
};
TORCH_MODULE(SelfAttention);

// The parameters of a module, by name.
NamedTensors parameters_of(torch::nn::Module& module);

// Casts the convolutions' weights (tensors of four dimensions) and their biases to `dtype`,
// channels-last, without gradients; norms and embeddings stay in float32.
void convert_for_inference(torch::nn::Module& module, DType dtype);

}  // namespace histoloom
