#include "packed_convolution.h"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <oneapi/dnnl/dnnl.hpp>
#include <vector>

#include "activation_memory.h"
#include "histoloom/core/error.h"
#include "histoloom/networks/denoiser.h"

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

dnnl::reorder reorder_between(const memory::desc& from, const memory::desc& to) {
  return dnnl::reorder(dnnl::reorder::primitive_desc(cpu(), from, cpu(), to));
}

// A kernel for one shape of band, between the caller's layout and its own.
struct Kernel {
  Convolution::primitive_desc about;
  Convolution convolve;
  memory weight;
  memory::desc source, result;           // of a band as the caller lays it out
  dnnl::reorder to_kernel, from_kernel;  // empty where the kernel takes the caller's layout
};

// Images and rows of the result that are computed together.
struct Band {
  std::int64_t image, images, row, rows;
};

// How an input of one shape is cut. A Winograd convolution holds several times its band's
// activations between its transforms and its products: bands keep that in the cache and small.
struct Cut {
  std::int64_t images, rows;
};

// The largest band of at most some bytes that cuts `images` × `rows` evenly, so that an image's
// bits don't depend on its place; whole tiles of 4 rows. A band pays for a pass over all
// transformed weights, so it should not be small beside them. The factor and the floor gave the
// best rates from 128 channels at 512 × 512 to 1024 at 16 × 16 (within 5 %).
Cut winograd_cut(const memory::dims& from, const memory::dims& to) {
  constexpr double kFloor = 4e6, kOfWeights = 0.4 * 36 * sizeof(float);
  const double most = std::max(kFloor, kOfWeights * static_cast<double>(from[1] * to[1]));
  const double row = static_cast<double>((from[1] + to[1]) * to[3]) * sizeof(float);
  const std::int64_t images = to[0], rows = to[2];
  for (std::int64_t n = images; n >= 1; --n)
    if (images % n == 0 && static_cast<double>(n * rows) * row <= most) return {n, rows};
  Cut cut{1, rows};
  for (std::int64_t r = 4; r < rows; r += 4)
    if (rows % r == 0 && (r == 4 || static_cast<double>(r) * row <= most)) cut.rows = r;
  return cut;
}

// A band of a channels-last tensor of `dims`.
memory::desc part_of(const memory::dims& dims, std::int64_t images, std::int64_t rows,
                     memory::data_type type) {
  const std::int64_t c = dims[1], w = dims[3];
  return {{images, c, rows, w}, type, memory::dims{dims[2] * w * c, 1, w * c, c}};
}

}  // namespace

struct PackedConvolution::State {
  // How inputs of one shape and dtype are convolved.
  struct Plan {
    memory::dims source, result;
    std::vector<Band> bands;
    std::vector<Kernel> kernels;     // one for each distinct shape of band
    std::vector<std::size_t> which;  // the kernel of each band
  };
  // The rows of the input that a band reads, and the padding above and below them.
  struct Reach {
    std::int64_t row, rows, above, below;
  };

  at::Tensor weight, bias;
  int stride, padding;
  std::mutex mutex;
  std::map<std::array<std::int64_t, 4>, Plan> plans;
  std::vector<memory> packed;

  memory::data_type compute_type(const at::Tensor& x) const {
    const bool fast = x.scalar_type() == at::kBFloat16 && fastest_dtype() == DType::bfloat16;
    return fast ? memory::data_type::bf16 : memory::data_type::f32;
  }

  bool worth_winograd(memory::data_type type) const {
    return type == memory::data_type::f32 && weight.size(2) == 3 && weight.size(3) == 3 &&
           stride == 1 && std::min(weight.size(0), weight.size(1)) >= kFewestWinogradChannels;
  }

  Reach reach_of(const Band& band, std::int64_t height) const {
    const std::int64_t first = band.row * stride - padding;
    const std::int64_t last = (band.row + band.rows - 1) * stride - padding + weight.size(2);
    const std::int64_t begin = std::max<std::int64_t>(0, first), end = std::min(height, last);
    return {begin, end - begin, begin - first, last - end};
  }

  // The kernel for a band; without weights where oneDNN has none of this algorithm.
  Kernel kernel_for(dnnl::algorithm algorithm, const Plan& plan, const Band& band,
                    const at::Tensor& x) const {
    const memory::data_type type = compute_type(x), outside = type_of(x);
    const bool winograd = algorithm == dnnl::algorithm::convolution_winograd;
    const auto layout = winograd ? memory::format_tag::any : memory::format_tag::nhwc;
    const Reach reach = reach_of(band, plan.source[2]);
    Kernel kernel;
    kernel.source = part_of(plan.source, band.images, reach.rows, outside);
    kernel.result = part_of(plan.result, band.images, band.rows, outside);
    const memory::desc from(kernel.source.dims(), type, layout),
        to(kernel.result.dims(), type, layout),
        weights(weight.sizes().vec(), type, memory::format_tag::any);
    const memory::desc offsets =
        bias.defined() ? memory::desc({bias.size(0)}, memory::data_type::f32, memory::format_tag::x)
                       : memory::desc();
    const Convolution::desc wanted(dnnl::prop_kind::forward_inference, algorithm, from, weights,
                                   offsets, to, {stride, stride}, {reach.above, padding},
                                   {reach.below, padding});
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    kernel.about = {wanted, attributes, cpu(), /*allow_empty=*/true};
    return kernel;
  }

  // The weights in the layout that a kernel wants, laid out the first time one does.
  memory packed_weight(const memory::desc& wanted) {
    for (const memory& known : packed)
      if (known.get_desc() == wanted) return known;
    const at::Tensor plain = weight.to(at::kFloat).contiguous();
    const memory::desc desc(plain.sizes().vec(), memory::data_type::f32, memory::format_tag::oihw);
    memory from(desc, cpu(), plain.data_ptr()), to(wanted, cpu());
    reorder_between(desc, wanted).execute(stream_of_thread(), from, to);
    stream_of_thread().wait();
    return packed.emplace_back(to);
  }

  void complete(Kernel& kernel) {
    kernel.convolve = Convolution(kernel.about);
    kernel.weight = packed_weight(kernel.about.weights_desc());
    if (kernel.about.src_desc() != kernel.source)
      kernel.to_kernel = reorder_between(kernel.source, kernel.about.src_desc());
    if (kernel.about.dst_desc() != kernel.result)
      kernel.from_kernel = reorder_between(kernel.about.dst_desc(), kernel.result);
  }

  // Adds the kernels of all bands; false where oneDNN has none for one of them.
  bool add_kernels(Plan& plan, dnnl::algorithm algorithm, const at::Tensor& x) {
    std::map<std::array<std::int64_t, 4>, std::size_t> known;
    for (const Band& band : plan.bands) {
      const Reach reach = reach_of(band, plan.source[2]);
      const auto [at, is_new] = known.try_emplace(
          {band.images, reach.rows, reach.above, reach.below}, plan.kernels.size());
      plan.which.push_back(at->second);
      if (!is_new) continue;
      plan.kernels.push_back(kernel_for(algorithm, plan, band, x));
      if (!plan.kernels.back().about) return false;
    }
    for (Kernel& kernel : plan.kernels) complete(kernel);
    return true;
  }

  Plan make_plan(const at::Tensor& x) {
    const auto extent = [&](int axis) {
      return (x.size(axis) + 2 * padding - weight.size(axis)) / stride + 1;
    };
    const memory::dims from = x.sizes().vec(), to{x.size(0), weight.size(0), extent(2), extent(3)};
    if (worth_winograd(compute_type(x))) {
      Plan plan{from, to, {}, {}, {}};
      const Cut cut = winograd_cut(from, to);
      for (std::int64_t image = 0; image < to[0]; image += cut.images)
        for (std::int64_t row = 0; row < to[2]; row += cut.rows)
          plan.bands.push_back({image, cut.images, row, cut.rows});
      if (add_kernels(plan, dnnl::algorithm::convolution_winograd, x)) return plan;
    }
    Plan plan{from, to, {{0, to[0], 0, to[2]}}, {}, {}};
    if (!add_kernels(plan, dnnl::algorithm::convolution_direct, x))
      throw InternalError("oneDNN has no convolution for a layer's shape");
    return plan;
  }

  const Plan& plan_for(const at::Tensor& x) {
    const std::array<std::int64_t, 4> key{x.size(0), x.size(2), x.size(3),
                                          static_cast<std::int64_t>(x.scalar_type())};
    const std::lock_guard lock(mutex);
    const auto found = plans.find(key);
    return found != plans.end() ? found->second : plans.emplace(key, make_plan(x)).first->second;
  }

  // Convolves one band, whose first elements are `source` and `result`.
  void run(const Kernel& kernel, void* source, void* result) const {
    dnnl::stream& stream = stream_of_thread();
    memory outside(kernel.source, cpu(), source), from = outside;
    if (kernel.to_kernel) {
      from = in_buffer(kSource, kernel.about.src_desc());
      kernel.to_kernel.execute(stream, outside, from);
    }
    memory back(kernel.result, cpu(), result), to = back;
    if (kernel.from_kernel) to = in_buffer(kResult, kernel.about.dst_desc());
    std::unordered_map<int, memory> arguments{
        {DNNL_ARG_SRC, from},
        {DNNL_ARG_WEIGHTS, kernel.weight},
        {DNNL_ARG_DST, to},
        {DNNL_ARG_SCRATCHPAD, in_buffer(kScratch, kernel.about.scratchpad_desc())}};
    if (bias.defined())
      arguments[DNNL_ARG_BIAS] = memory(kernel.about.bias_desc(), cpu(), bias.data_ptr());
    kernel.convolve.execute(stream, arguments);
    if (kernel.from_kernel) kernel.from_kernel.execute(stream, to, back);
    stream.wait();
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
  const at::Tensor y = empty_activation(plan.result, x.options());
  // The first element of an image's row.
  const auto at = [](const at::Tensor& t, std::int64_t image, std::int64_t row) {
    const std::int64_t element = (image * t.size(2) + row) * t.size(3) * t.size(1);
    return static_cast<char*>(t.data_ptr()) + element * static_cast<std::int64_t>(t.itemsize());
  };
  for (std::size_t i = 0; i < plan.bands.size(); ++i) {
    const Band& band = plan.bands[i];
    const std::int64_t row = state_->reach_of(band, x.size(2)).row;
    state_->run(plan.kernels[plan.which[i]], at(x, band.image, row), at(y, band.image, band.row));
  }
  return y;
}

}  // namespace histoloom
