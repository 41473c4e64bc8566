#include "layers.h"

#include <cmath>

#include "activation_memory.h"
#include "fused_norm.h"
#include "tensor_pointer.h"
#include "trained_norm.h"

namespace histoloom {

at::ScalarType scalar_type(DType dtype) {
  switch (dtype) {
    case DType::bfloat16:
      return at::kBFloat16;
    case DType::float16:
      return at::kHalf;
    case DType::float32:
      break;
  }
  return at::kFloat;
}

at::Tensor standardised(const at::Tensor& weight) {
  const at::Tensor mean = weight.mean({1, 2, 3}, /*keepdim=*/true);
  const at::Tensor variance = weight.var({1, 2, 3}, /*unbiased=*/false, /*keepdim=*/true);
  return (weight - mean) * at::rsqrt(variance + 1e-5);
}

ConvImpl::ConvImpl(int in, int out, int kernel, int stride, double gain, bool bias)
    : stride_(stride), padding_((kernel - 1) / 2), flop_(2.0 * in * out * kernel * kernel) {
  const double bound = gain * std::sqrt(3.0 / (in * kernel * kernel));
  at::Tensor weight = at::empty({out, in, kernel, kernel});
  weight.uniform_(-bound, bound);
  weight_ = register_parameter("weight", weight);
  if (bias) bias_ = register_parameter("bias", at::zeros({out}));
}

at::Tensor ConvImpl::convolve(const at::Tensor& x, const at::Tensor& weight) const {
  const auto bias = bias_.defined() ? c10::optional<at::Tensor>(bias_.to(x.scalar_type()))
                                    : c10::optional<at::Tensor>();
  return at::conv2d(x, weight.to(x.scalar_type()), bias, stride_, padding_);
}

at::Tensor ConvImpl::forward(const at::Tensor& x) {
  return packed_ && x.is_cpu() ? (*packed_)(x) : convolve(x, weight_);
}

void ConvImpl::pack() {
  packed_ = std::make_shared<PackedConvolution>(weight_, bias_, stride_, padding_);
}

void ConvImpl::standardise() {
  at::NoGradGuard no_grad;
  weight_.copy_(standardised(weight_));
}

GroupNormImpl::GroupNormImpl(int groups, int channels) : groups_(groups) {
  weight_ = register_parameter("weight", at::ones({channels}));
  bias_ = register_parameter("bias", at::zeros({channels}));
}

namespace {

// Torch's operators, for other layouts, devices and dtypes.
at::Tensor plain_group_norm(const at::Tensor& x, const GroupNormParameters& p) {
  if (x.scalar_type() == at::kFloat) return at::group_norm(x, p.groups, p.weight, p.bias, p.eps);
  // Sum in float32: libtorch 1.13's own kernel sums channels-last bfloat16 in bfloat16, and is off
  // by 11 % at 32 × 32 positions, by 68 % where the mean is twice the deviation.
  const std::int64_t b = x.size(0), c = x.size(1), n = c / p.groups;
  const auto of_groups = [&](const at::Tensor& t) {
    return t.mean({2, 3}, false, at::kFloat).view({b, p.groups, n}).mean(-1, /*keepdim=*/true);
  };
  const at::Tensor mean = of_groups(x);
  const at::Tensor variance = (of_groups(x.square()) - mean.square()).clamp_min(0);
  const at::Tensor scale = at::rsqrt(variance + p.eps) * p.weight.view({1, p.groups, n});
  const at::Tensor shift = p.bias.view({1, p.groups, n}) - mean * scale;
  const auto as_x = [&](const at::Tensor& t) { return t.to(x.scalar_type()).view({b, c, 1, 1}); };
  return at::addcmul(as_x(shift), x, as_x(scale));
}

at::Tensor with_extras(at::Tensor y, const NormExtras& e) {
  const auto as_y = [&](const at::Tensor& t) {
    return t.to(y.scalar_type()).unsqueeze(-1).unsqueeze(-1);
  };
  if (e.scale.defined()) y = y * (as_y(e.scale) + 1);
  if (e.shift.defined()) y = y + as_y(e.shift);
  if (e.before.defined()) y = y + e.before;
  if (e.silu) y = at::silu(y);
  return e.after.defined() ? y + e.after : y;
}

// A copy only where the layout, the dtype or a repeated row needs one.
at::Tensor laid_out_as(const at::Tensor& x, const at::Tensor& t) {
  return t.defined() ? t.to(x.scalar_type()).expand_as(x).contiguous(at::MemoryFormat::ChannelsLast)
                     : t;
}

template <class T>
void call_fused(const at::Tensor& x, const GroupNormParameters& p, const NormExtras& e,
                const at::Tensor& y) {
  GroupNormCall<T> call{{x.size(0), x.size(2) * x.size(3), x.size(1)},
                        p.groups,
                        p.eps,
                        elements<float>(p.weight),
                        elements<float>(p.bias)};
  const at::Tensor before = laid_out_as(x, e.before), after = laid_out_as(x, e.after);
  const at::Tensor scale = e.scale.defined() ? e.scale.contiguous() : e.scale;
  const at::Tensor shift = e.shift.defined() ? e.shift.contiguous() : e.shift;
  call.scale = elements<float>(scale);
  call.shift = elements<float>(shift);
  call.before = elements<T>(before);
  call.silu = e.silu;
  call.after = elements<T>(after);
  group_norm(call, elements<T>(x), elements<T>(y));
}

// True where the loops of fused_norm.h have a gradient.
bool may_train_fused(const at::Tensor& x, const NormExtras& extras) {
  const bool known = x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16;
  const auto laid_out = [](const at::Tensor& t) {
    return t.is_cpu() && t.is_contiguous(at::MemoryFormat::ChannelsLast);
  };
  const at::Tensor& before = extras.before;
  return known && laid_out(x) && !extras.after.defined() &&
         (!before.defined() || (laid_out(before) && before.sizes() == x.sizes() &&
                                before.scalar_type() == x.scalar_type()));
}

}  // namespace

at::Tensor group_norm(const at::Tensor& x, const GroupNormParameters& p, const NormExtras& extras) {
  const bool trains = at::GradMode::is_enabled() && p.weight.requires_grad();
  if (trains && may_train_fused(x, extras)) return trained_group_norm(x, p, extras);
  if (trains || !may_fuse(x)) return with_extras(plain_group_norm(x, p), extras);
  const at::Tensor y = empty_activation(x.sizes(), x.options());
  with_elements(x, [&]<class T>(T*) { call_fused<T>(x, p, extras, y); });
  return y;
}

at::Tensor channel_norm(const at::Tensor& x, const at::Tensor& gain) {
  if (may_fuse(x) && !(at::GradMode::is_enabled() && gain.requires_grad())) {
    const at::Tensor y = empty_activation(x.sizes(), x.options());
    const ActivationShape shape{x.size(0), x.size(2) * x.size(3), x.size(1)};
    with_elements(x, [&]<class T>(T* from) {
      channel_norm(shape, elements<float>(gain), from, elements<T>(y));
    });
    return y;
  }
  const at::Tensor f = x.to(at::kFloat);
  const at::Tensor mean = f.mean(1, /*keepdim=*/true);
  const at::Tensor variance = f.var({1}, /*unbiased=*/false, /*keepdim=*/true);
  return ((f - mean) * at::rsqrt(variance + 1e-5) * gain).to(x.scalar_type());
}

SelfAttentionImpl::SelfAttentionImpl(int channels, int heads, int groups)
    : channels_(channels), heads_(heads) {
  norm_ = register_module("norm", GroupNorm(groups, channels));
  qkv_ = register_module("qkv", Conv(channels, 3 * channels, 1));
  out_ = register_module("out", Conv(channels, channels, 1, 1, 0.0));
}

at::Tensor SelfAttentionImpl::forward(const at::Tensor& x) {
  const std::int64_t b = x.size(0), h = x.size(2), w = x.size(3), d = channels_ / heads_;
  // [B, 3, heads, d, positions]
  const at::Tensor qkv = qkv_(norm_(x)).reshape({b, 3, heads_, d, h * w}).to(at::kFloat);
  const at::Tensor q = qkv.select(1, 0), k = qkv.select(1, 1), v = qkv.select(1, 2);
  const at::Tensor scores =
      at::matmul(q.transpose(-1, -2), k) * (1.0 / std::sqrt(static_cast<double>(d)));
  const at::Tensor mixed = at::matmul(v, at::softmax(scores, -1).transpose(-1, -2));
  return x + out_(mixed.reshape({b, channels_, h, w})
                      .to(x.scalar_type())
                      .contiguous(at::MemoryFormat::ChannelsLast));
}

double SelfAttentionImpl::flop(double positions) const {
  return positions * (qkv_->flop_per_position() + out_->flop_per_position()) +
         4.0 * positions * positions * channels_;
}

NamedTensors parameters_of(torch::nn::Module& module) {
  NamedTensors out;
  for (const auto& item : module.named_parameters()) out.emplace_back(item.key(), item.value());
  return out;
}

void convert_for_inference(torch::nn::Module& module, DType dtype) {
  at::NoGradGuard no_grad;
  for (auto& item : module.modules(/*include_self=*/false)) {
    auto* conv = item->as<ConvImpl>();
    for (auto& p : item->named_parameters(/*recurse=*/false)) {
      p.value().set_requires_grad(false);
      if (conv == nullptr) continue;
      at::Tensor cast = p.value().to(scalar_type(dtype));
      if (cast.dim() == 4) cast = cast.contiguous(at::MemoryFormat::ChannelsLast);
      p.value().set_data(cast);
    }
    if (conv != nullptr) conv->pack();
  }
}

}  // namespace histoloom
