#include "packed_convolution.h"

#include <array>
#include <map>
#include <mutex>
#include <oneapi/dnnl/dnnl.hpp>
#include <vector>

#include "activation_memory.h"
#include "histoloom/model/denoiser.h"

namespace histoloom {

namespace {

using dnnl::memory;
using Convolution = dnnl::convolution_forward;

// Below this, the transforms of a Winograd convolution cost more than its products save.
constexpr std::int64_t kFewestWinogradChannels = 32;

const dnnl::engine& cpu() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

dnnl::stream& stream_of_thread() {
  thread_local dnnl::stream stream(cpu());
  return stream;
}

// What a thread's convolutions work in. It is kept: fresh pages would cost more than the sums.
enum Buffer { kSource, kResult, kScratch, kBuffers };
memory in_buffer(Buffer which, const memory::desc& desc) {
  thread_local std::array<std::vector<float>, kBuffers> buffers;
  auto& buffer = buffers[which];
  const std::size_t needed = desc.get_size() / sizeof(float) + 1;
  if (buffer.size() < needed) {
    buffer.clear();
    buffer.shrink_to_fit();
    buffer.resize(needed);
  }
  return {desc, cpu(), buffer.data()};
}

memory::data_type type_of(const at::Tensor& t) {
  return t.scalar_type() == at::kFloat ? memory::data_type::f32 : memory::data_type::bf16;
}

memory::desc channels_last(const memory::dims& dims, memory::data_type type) {
  return {dims, type, memory::format_tag::nhwc};
}

memory memory_of(const memory::desc& desc, const at::Tensor& t) {
  return {desc, cpu(), t.data_ptr()};
}

dnnl::reorder reorder_between(const memory::desc& from, const memory::desc& to) {
  return dnnl::reorder(dnnl::reorder::primitive_desc(cpu(), from, cpu(), to));
}

}  // namespace

struct PackedConvolution::State {
  // How inputs of one shape and dtype are convolved.
  struct Plan {
    memory::desc source, result;  // as the caller lays them out
    Convolution::primitive_desc about;
    Convolution kernel;
    memory weight;
    dnnl::reorder to_kernel, from_kernel;  // empty where the kernel takes the caller's layout
  };

  at::Tensor weight, bias;
  int stride, padding;
  std::mutex mutex;
  std::map<std::array<std::int64_t, 4>, Plan> plans;
  std::vector<memory> packed;
  at::Tensor bias_float;

  memory::data_type compute_type(const at::Tensor& x) const {
    const bool fast = x.scalar_type() == at::kBFloat16 && fastest_dtype() == DType::bfloat16;
    return fast ? memory::data_type::bf16 : memory::data_type::f32;
  }

  bool worth_winograd(memory::data_type type) const {
    return type == memory::data_type::f32 && weight.size(2) == 3 && weight.size(3) == 3 &&
           stride == 1 && std::min(weight.size(0), weight.size(1)) >= kFewestWinogradChannels;
  }

  // The kernel for a caller's `source`; empty where oneDNN has none of this algorithm.
  Convolution::primitive_desc kernel_for(dnnl::algorithm algorithm, const memory::desc& source,
                                         const memory::desc& result, memory::data_type type) const {
    const bool winograd = algorithm == dnnl::algorithm::convolution_winograd;
    const auto layout = winograd ? memory::format_tag::any : memory::format_tag::nhwc;
    const memory::desc weights(weight.sizes().vec(), type, memory::format_tag::any);
    const memory::dims strides{stride, stride}, pads{padding, padding};
    const memory::desc from(source.dims(), type, layout), to(result.dims(), type, layout);
    const memory::desc offsets =
        bias.defined() ? memory::desc({bias.size(0)}, memory::data_type::f32, memory::format_tag::x)
                       : memory::desc();
    const Convolution::desc wanted(dnnl::prop_kind::forward_inference, algorithm, from, weights,
                                   offsets, to, strides, pads, pads);
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    return {wanted, attributes, cpu(), /*allow_empty=*/true};
  }

  // The weights in the layout that a kernel wants, laid out the first time one does.
  memory packed_weight(const memory::desc& wanted) {
    for (const memory& known : packed)
      if (known.get_desc() == wanted) return known;
    const at::Tensor plain = weight.to(at::kFloat).contiguous();
    const memory::desc desc(plain.sizes().vec(), memory::data_type::f32, memory::format_tag::oihw);
    memory from = memory_of(desc, plain), to(wanted, cpu());
    reorder_between(desc, wanted).execute(stream_of_thread(), from, to);
    stream_of_thread().wait();
    return packed.emplace_back(to);
  }

  Plan make_plan(const at::Tensor& x) {
    const auto extent = [&](int axis) {
      return (x.size(axis) + 2 * padding - weight.size(axis)) / stride + 1;
    };
    Plan plan;
    plan.source = channels_last(x.sizes().vec(), type_of(x));
    plan.result = channels_last({x.size(0), weight.size(0), extent(2), extent(3)}, type_of(x));
    const memory::data_type type = compute_type(x);
    if (worth_winograd(type))
      plan.about =
          kernel_for(dnnl::algorithm::convolution_winograd, plan.source, plan.result, type);
    if (!plan.about)
      plan.about = kernel_for(dnnl::algorithm::convolution_direct, plan.source, plan.result, type);
    plan.kernel = Convolution(plan.about);
    plan.weight = packed_weight(plan.about.weights_desc());
    if (plan.about.src_desc() != plan.source)
      plan.to_kernel = reorder_between(plan.source, plan.about.src_desc());
    if (plan.about.dst_desc() != plan.result)
      plan.from_kernel = reorder_between(plan.about.dst_desc(), plan.result);
    return plan;
  }

  const Plan& plan_for(const at::Tensor& x) {
    const std::array<std::int64_t, 4> key{x.size(0), x.size(2), x.size(3),
                                          static_cast<std::int64_t>(x.scalar_type())};
    const std::lock_guard lock(mutex);
    const auto found = plans.find(key);
    return found != plans.end() ? found->second : plans.emplace(key, make_plan(x)).first->second;
  }
};

PackedConvolution::PackedConvolution(at::Tensor weight, at::Tensor bias, int stride, int padding)
    : state_(std::make_unique<State>()) {
  state_->weight = std::move(weight);
  state_->bias = bias.defined() ? bias.to(at::kFloat).contiguous() : bias;
  state_->stride = stride;
  state_->padding = padding;
}

PackedConvolution::~PackedConvolution() = default;

at::Tensor PackedConvolution::operator()(const at::Tensor& any_layout) {
  const at::Tensor x = any_layout.contiguous(at::MemoryFormat::ChannelsLast);
  const State::Plan& plan = state_->plan_for(x);
  const at::Tensor y = empty_activation(plan.result.dims(), x.options());
  const memory source = memory_of(plan.source, x), result = memory_of(plan.result, y);
  dnnl::stream& stream = stream_of_thread();

  memory from = source, to = result;
  if (plan.to_kernel) {
    from = in_buffer(kSource, plan.about.src_desc());
    plan.to_kernel.execute(stream, const_cast<memory&>(source), from);
  }
  if (plan.from_kernel) to = in_buffer(kResult, plan.about.dst_desc());
  std::unordered_map<int, memory> arguments{
      {DNNL_ARG_SRC, from},
      {DNNL_ARG_WEIGHTS, plan.weight},
      {DNNL_ARG_DST, to},
      {DNNL_ARG_SCRATCHPAD, in_buffer(kScratch, plan.about.scratchpad_desc())}};
  if (state_->bias.defined())
    arguments[DNNL_ARG_BIAS] = memory_of(plan.about.bias_desc(), state_->bias);
  plan.kernel.execute(stream, arguments);
  if (plan.from_kernel) plan.from_kernel.execute(stream, to, const_cast<memory&>(result));
  stream.wait();
  return y;
}

DType fastest_dtype() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("amx-bf16") ||
      (__builtin_cpu_supports("avx512bf16") && __builtin_cpu_is("amd")))
    return DType::bfloat16;
#endif
  return DType::float32;
}

}  // namespace histoloom
