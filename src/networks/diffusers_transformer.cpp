#include "diffusers_transformer.h"

#include "module_path.h"

namespace histoloom {

namespace {
constexpr int kWiden = 4;  // of the feed-forward
}

ChannelNormImpl::ChannelNormImpl(int channels) {
  weight_ = register_parameter("weight", at::ones({channels}));
  bias_ = register_parameter("bias", at::zeros({channels}));
}

at::Tensor ChannelNormImpl::forward(const at::Tensor& x) {
  const at::Tensor rows = x.permute({0, 2, 3, 1}).to(at::kFloat);
  return at::layer_norm(rows, {x.size(1)}, weight_, bias_, 1e-5)
      .to(x.scalar_type())
      .permute({0, 3, 1, 2});
}

Transformer2DImpl::Transformer2DImpl(int channels, int context_width, int heads, int groups) {
  const std::string block = "transformer_blocks.0.";
  norm_ = register_module("norm", Norm(channels, NormSpec{groups, 1e-6}));
  in_ = register_module("proj_in", Conv(channels, channels, 1));
  norm1_ = add_module(*this, block + "norm1", ChannelNorm(channels));
  self_ = add_module(*this, block + "attn1", Attention(channels, channels, heads, /*bias=*/false));
  norm2_ = add_module(*this, block + "norm2", ChannelNorm(channels));
  cross_ =
      add_module(*this, block + "attn2", Attention(channels, context_width, heads, /*bias=*/false));
  norm3_ = add_module(*this, block + "norm3", ChannelNorm(channels));
  widen_ = add_module(*this, block + "ff.net.0.proj", Conv(channels, 2 * kWiden * channels, 1));
  narrow_ = add_module(*this, block + "ff.net.2", Conv(kWiden * channels, channels, 1));
  out_ = register_module("proj_out", Conv(channels, channels, 1));
}

at::Tensor Transformer2DImpl::forward(const at::Tensor& x, const KeysValues& context) {
  at::Tensor h = in_(norm_(x));
  const at::Tensor normed = norm1_(h);
  h = h + self_(normed, self_->project(normed));
  h = h + cross_(norm2_(h), context);
  const auto halves = widen_(norm3_(h)).chunk(2, 1);
  h = h + narrow_(halves[0] * at::gelu(halves[1]));
  return x + out_(h);
}

double Transformer2DImpl::flop(double positions, double tokens) const {
  const double projections = in_->flop_per_position() + out_->flop_per_position() +
                             widen_->flop_per_position() + narrow_->flop_per_position();
  return positions * projections + self_->flop(positions, positions, /*self=*/true) +
         cross_->flop(positions, tokens, /*self=*/false);
}

}  // namespace histoloom
