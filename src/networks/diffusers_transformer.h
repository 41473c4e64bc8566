// Transformer2DModel with one BasicTransformerBlock: what Stable Diffusion's U-Nets attend with.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "diffusers_attention.h"
#include "diffusers_layers.h"

namespace histoloom {

// Layer norm over the channels of every position, in float32 inside.
class ChannelNormImpl final : public torch::nn::Module {
 public:
  explicit ChannelNormImpl(int channels);
  at::Tensor forward(const at::Tensor& x);

 private:
  at::Tensor weight_, bias_;
};
TORCH_MODULE(ChannelNorm);

// Attention among the positions, attention to a context, a GEGLU feed-forward of four times the
// width; each residual, with a layer norm before, and the whole residual with a group norm before.
// Published linear layers are 1×1 convolutions here, which have the same weights.
class Transformer2DImpl final : public torch::nn::Module {
 public:
  Transformer2DImpl(int channels, int context_width, int heads, int groups);
  at::Tensor forward(const at::Tensor& x, const KeysValues& context);
  // Keys and values of `context` [B, width, 1, tokens].
  KeysValues project(const at::Tensor& context) { return cross_->project(context); }
  // Multiplies and adds for `positions` positions that attend to `tokens` tokens, whose keys and
  // values are there already.
  double flop(double positions, double tokens) const;

 private:
  Norm norm_{nullptr};
  ChannelNorm norm1_{nullptr}, norm2_{nullptr}, norm3_{nullptr};
  Conv in_{nullptr}, out_{nullptr}, widen_{nullptr}, narrow_{nullptr};
  Attention self_{nullptr}, cross_{nullptr};
};
TORCH_MODULE(Transformer2D);

}  // namespace histoloom
