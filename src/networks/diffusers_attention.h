// Attention as diffusers' networks publish it, without the whole score matrix: a block of queries
// meets all keys at a time, so that memory grows with the number of positions, not its square.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <cstdint>

#include "diffusers_layers.h"

namespace histoloom {

// softmax(q·kᵀ / sqrt(d))·v for each of `heads` heads of d = C / heads channels. q [B, N, C],
// k and v [B, M, C]; the result has q's shape and dtype. Scores and softmax are float32 whatever
// the dtype, and at most about 8 MiB of them exist at a time.
at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, int heads);

// What a context contributes to an attention: [B, M, C] each.
struct KeysValues {
  at::Tensor keys, values;
};

// Projections to queries, keys and values, and back: to_q, to_k, to_v, to_out.0.
class AttentionImpl : public torch::nn::Module {
 public:
  // Keys and values come from `context` channels; `bias` is that of the first three projections.
  AttentionImpl(int channels, int context, int heads, bool bias);

  // What positions of `x` [B, C, h, w] find among `context`: [B, C, h, w], channels-last.
  at::Tensor forward(const at::Tensor& x, const KeysValues& context);
  // Keys and values of `context` [B, channels, h, w].
  KeysValues project(const at::Tensor& context);
  // Multiplies and adds for `positions` queries over `keys` keys; those of project() only where
  // keys are the positions themselves.
  double flop(double positions, double keys, bool self) const;

 private:
  Conv q_{nullptr}, k_{nullptr}, v_{nullptr}, out_{nullptr};
  int channels_, heads_;
};
TORCH_MODULE(Attention);

// The autoencoders' attention: one head over all positions, residual, with a norm before.
class AttentionBlockImpl final : public AttentionImpl {
 public:
  AttentionBlockImpl(int channels, NormSpec norm);
  at::Tensor forward(const at::Tensor& x);
  double flop(double positions) const {
    return AttentionImpl::flop(positions, positions, /*self=*/true);
  }

 private:
  Norm norm_{nullptr};
};
TORCH_MODULE(AttentionBlock);

}  // namespace histoloom
