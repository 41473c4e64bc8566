#include "trained_norm.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include "fused_norm.h"
#include "tensor_pointer.h"

namespace histoloom {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using Optional = c10::optional<at::Tensor>;  // autograd takes no undefined tensors

struct Saved {
  at::Tensor x, weight, bias, scale, shift, before, mean, inverse;
};

// The call for images from `image` on.
template <class T>
GroupNormCall<T> call_for(const Saved& s, std::int64_t groups, double epsilon, bool silu,
                          std::int64_t image, std::int64_t images) {
  const std::int64_t channels = s.x.size(1), positions = s.x.size(2) * s.x.size(3);
  GroupNormCall<T> call{{images, positions, channels},
                        groups,
                        epsilon,
                        elements<float>(s.weight),
                        elements<float>(s.bias)};
  if (s.scale.defined()) call.scale = elements<float>(s.scale) + image * channels;
  if (s.shift.defined()) call.shift = elements<float>(s.shift) + image * channels;
  if (s.before.defined()) call.before = elements<T>(s.before) + image * channels * positions;
  call.silu = silu;
  call.mean = elements<float>(s.mean) + image * groups;
  call.inverse = elements<float>(s.inverse) + image * groups;
  return call;
}

// Calls `work(pointer type, first image, images)` for the images of `x`, shared out on threads.
template <class F>
void for_images(const at::Tensor& x, F work) {
  at::parallel_for(0, x.size(0), 1, [&](std::int64_t first, std::int64_t last) {
    with_elements(x, [&]<class T>(T* from) { work(from, first, last - first); });
  });
}

class NormFunction : public torch::autograd::Function<NormFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias, const Optional& scale, const Optional& shift,
                            const Optional& before, std::int64_t groups, double epsilon,
                            bool silu) {
    const at::Tensor moments = at::empty({2, x.size(0), groups}, weight.options());
    const Saved s{x,
                  weight,
                  bias,
                  scale.value_or(at::Tensor()),
                  shift.value_or(at::Tensor()),
                  before.value_or(at::Tensor()),
                  moments[0],
                  moments[1]};
    const at::Tensor y = at::empty_like(x, x.options(), at::MemoryFormat::ChannelsLast);
    const std::int64_t of_image = x[0].numel();
    for_images(x, [&]<class T>(T* from, std::int64_t first, std::int64_t images) {
      group_norm(call_for<T>(s, groups, epsilon, silu, first, images), from + first * of_image,
                 elements<T>(y) + first * of_image);
    });
    context->save_for_backward(
        {s.x, s.weight, s.bias, s.scale, s.shift, s.before, s.mean, s.inverse});
    context->saved_data["groups"] = groups;
    context->saved_data["silu"] = silu;
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "trained_group_norm has no second derivative");
    const variable_list v = context->get_saved_variables();
    const Saved s{v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]};
    const std::int64_t groups = context->saved_data["groups"].toInt();
    const bool silu = context->saved_data["silu"].toBool();
    const at::Tensor result = gradients[0].contiguous(at::MemoryFormat::ChannelsLast);
    const at::Tensor input = at::empty_like(s.x), before = at::empty_like(s.x);
    const std::int64_t channels = s.x.size(1), of_image = s.x[0].numel();
    const at::Tensor sums = at::empty({2, s.x.size(0), channels}, s.weight.options());
    const at::Tensor sum = sums[0], product = sums[1];
    for_images(s.x, [&]<class T>(T* from, std::int64_t first, std::int64_t images) {
      const auto at = [&](const at::Tensor& t) { return elements<T>(t) + first * of_image; };
      group_norm_gradient(GroupNormGradientCall<T>{
          call_for<T>(s, groups, 0, silu, first, images), from + first * of_image, at(result),
          at(input), at(before), elements<float>(sum) + first * channels,
          elements<float>(product) + first * channels});
    });
    // y's argument is (normalised·weight + bias)·(scale + 1) + shift + before.
    const at::Tensor gain = s.scale.defined() ? s.scale + 1 : at::Tensor();
    const auto gained = [&](const at::Tensor& t) { return gain.defined() ? t * gain : t; };
    const at::Tensor of_scale =
        s.scale.defined() ? product * s.weight + sum * s.bias : at::Tensor();
    return {input,
            gained(product).sum(0),
            gained(sum).sum(0),
            of_scale,
            s.shift.defined() ? sum : at::Tensor(),
            s.before.defined() ? before : at::Tensor(),
            {},
            {},
            {}};
  }
};

}  // namespace

at::Tensor trained_group_norm(const at::Tensor& x, const GroupNormParameters& p,
                              const NormExtras& extras) {
  const auto given = [](const at::Tensor& t) { return t.defined() ? Optional(t) : Optional(); };
  const auto whole = [&](const at::Tensor& t) { return given(t.defined() ? t.contiguous() : t); };
  return NormFunction::apply(x, p.weight, p.bias, whole(extras.scale), whole(extras.shift),
                             given(extras.before), std::int64_t{p.groups}, p.eps, extras.silu);
}

}  // namespace histoloom
