// The layers of DiffInfinite's U-Nets (Aversa et al. 2023), with the published names. Activations
// are [B, C, h, w], channels-last; norms, softmax and sums over positions compute in float32.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include <memory>

#include "layers.h"

namespace histoloom {

// A 3 × 3 convolution whose weights are standardised whenever they are used, or once and for all.
class StandardisedConvImpl final : public ConvImpl {
 public:
  StandardisedConvImpl(int in, int out) : ConvImpl(in, out, 3) {}
  at::Tensor forward(const at::Tensor& x);
  void fold();

 private:
  bool folded_ = false;
};
TORCH_MODULE(StandardisedConv);

// x + silu(norm2(conv2(silu(norm1(conv1(x))·(scale + 1) + shift)))), x through a 1 × 1 convolution
// where the number of channels changes. Scale and shift are projections of time and class.
class DiffInfiniteBlockImpl final : public torch::nn::Module {
 public:
  // `embedding` is the width of time and class together; `first_film` the block's first column in
  // the table of all blocks' scales and shifts.
  DiffInfiniteBlockImpl(int in, int out, int groups, int embedding, int first_film);

  // `films`, float32 [B, columns], holds this block's scales and then its shifts.
  at::Tensor forward(const at::Tensor& x, const at::Tensor& films);
  // The block's columns of the table, from SiLU of time and class, [B, embedding].
  at::Tensor film(const at::Tensor& embedding) { return film_(embedding); }
  // The part of film() that the columns [first, first + width) of the embedding bring, no bias.
  at::Tensor partial_film(const at::Tensor& part, std::int64_t first) const;
  const at::Tensor& film_bias() const { return film_->bias; }
  // Multiplies and adds for one position.
  double flop() const;
  void fold();

 private:
  torch::nn::Linear film_{nullptr};
  StandardisedConv conv1_{nullptr}, conv2_{nullptr};
  GroupNorm norm1_{nullptr}, norm2_{nullptr};
  Conv skip_{nullptr};
  int out_, first_film_;
};
TORCH_MODULE(DiffInfiniteBlock);

// Residual attention over the positions, after a norm over the channels: 4 heads of 32.
class DiffInfiniteAttention : public torch::nn::Module {
 public:
  // `mask`, float32 [B, 1, h, w] of 0 and 1, where the condition holds; some kinds ask for none.
  virtual at::Tensor attend(const at::Tensor& x, const at::Tensor& mask) = 0;
  // Multiplies and adds for `positions` positions.
  virtual double flop(double positions) const = 0;
  // Computes what depends on the weights alone; they must not change after that.
  virtual void prepare() {}

 protected:
  explicit DiffInfiniteAttention(int channels);
  at::Tensor normed(const at::Tensor& x) const { return channel_norm(x, gain_); }

 private:
  at::Tensor gain_;  // [1, channels, 1, 1]
};

// The image U-Net's: the mask asks. A query is W·1 where the mask is set and 0 where it isn't, so
// two rows are all of the attention (two_row_attention.h).
std::shared_ptr<DiffInfiniteAttention> make_mask_attention(int channels);

// The mask U-Net's: linear attention (Shen et al. 2021), softmax of the keys over positions and of
// the queries over channels, then a norm; ordinary self-attention in the middle.
std::shared_ptr<DiffInfiniteAttention> make_linear_attention(int channels);
std::shared_ptr<DiffInfiniteAttention> make_full_attention(int channels);

}  // namespace histoloom
