#include "diffusers_layers.h"

namespace histoloom {

NormImpl::NormImpl(int channels, NormSpec spec) : spec_(spec) {
  weight_ = register_parameter("weight", at::ones({channels}));
  bias_ = register_parameter("bias", at::zeros({channels}));
}

at::Tensor NormImpl::forward(const at::Tensor& x) {
  return group_norm(x, {weight_, bias_, spec_.groups, spec_.eps}, {});
}

at::Tensor NormImpl::silu(const at::Tensor& x) {
  return group_norm(x, {weight_, bias_, spec_.groups, spec_.eps}, {.silu = true});
}

ResnetBlockImpl::ResnetBlockImpl(int in, int out, NormSpec norm, int time) {
  norm1_ = register_module("norm1", Norm(in, norm));
  conv1_ = register_module("conv1", Conv(in, out, 3));
  if (time > 0) time_ = register_module("time_emb_proj", torch::nn::Linear(time, out));
  norm2_ = register_module("norm2", Norm(out, norm));
  conv2_ = register_module("conv2", Conv(out, out, 3));
  if (in != out) shortcut_ = register_module("conv_shortcut", Conv(in, out, 1));
}

at::Tensor ResnetBlockImpl::forward(const at::Tensor& x, const at::Tensor& time) {
  at::Tensor h = conv1_(norm1_->silu(x));
  if (time_) h.add_(time_(time).to(h.scalar_type()).unsqueeze(-1).unsqueeze(-1));
  h = conv2_(norm2_->silu(h));
  return h.add_(shortcut_ ? shortcut_(x) : x);
}

double ResnetBlockImpl::flop() const {
  return conv1_->flop_per_position() + conv2_->flop_per_position() +
         (shortcut_ ? shortcut_->flop_per_position() : 0.0);
}

UpsampleImpl::UpsampleImpl(int channels) {
  conv_ = register_module("conv", Conv(channels, channels, 3));
}

at::Tensor UpsampleImpl::forward(const at::Tensor& x) {
  return conv_(at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)}));
}

}  // namespace histoloom
