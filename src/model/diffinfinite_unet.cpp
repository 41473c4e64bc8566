#include "diffinfinite_unet.h"

#include <fmt/format.h>

#include <cmath>

namespace histoloom {

namespace {

constexpr int kHeads = 4;
constexpr int kHeadWidth = 32;
constexpr int kHidden = kHeads * kHeadWidth;

// Modules that only give their children the published names: "mlp.1", "downs.0.2.fn.fn", …
template <class Child>
Child nested(torch::nn::Module& parent, const std::vector<std::string>& path, Child child) {
  torch::nn::Module* at = &parent;
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    const auto children = at->named_children();
    if (const auto* found = children.find(path[i])) {
      at = found->get();
    } else {
      at = at->register_module(path[i], std::make_shared<torch::nn::Module>()).get();
    }
  }
  return at->register_module(path.back(), child);
}

// The weights are standardised whenever they are used, or once and for all for inference.
class StandardisedConvImpl final : public ConvImpl {
 public:
  StandardisedConvImpl(int in, int out) : ConvImpl(in, out, 3) {}
  at::Tensor forward(const at::Tensor& x) {
    return convolve(x, folded_ ? weight_ : standardised(weight_));
  }
  void fold() {
    if (!folded_) standardise();
    folded_ = true;
  }

 private:
  bool folded_ = false;
};
TORCH_MODULE(StandardisedConv);

class BlockImpl final : public torch::nn::Module {
 public:
  BlockImpl(int in, int out, int groups, int embedding) {
    mlp_ = nested(*this, {"mlp", "1"}, torch::nn::Linear(embedding, 2 * out));
    conv1_ = nested(*this, {"block1", "proj"}, StandardisedConv(in, out));
    norm1_ = nested(*this, {"block1", "norm"}, GroupNorm(groups, out));
    conv2_ = nested(*this, {"block2", "proj"}, StandardisedConv(out, out));
    norm2_ = nested(*this, {"block2", "norm"}, GroupNorm(groups, out));
    if (in != out) skip_ = register_module("res_conv", Conv(in, out, 1));
  }

  at::Tensor forward(const at::Tensor& x, const at::Tensor& embedding) {
    const auto film = mlp_(embedding).to(x.scalar_type()).unsqueeze(-1).unsqueeze(-1).chunk(2, 1);
    at::Tensor h = at::silu(norm1_(conv1_(x)) * (film[0] + 1) + film[1]);
    h = at::silu(norm2_(conv2_(h)));
    return h + (skip_ ? skip_(x) : x);
  }
  double flop() const {
    return conv1_->flop_per_position() + conv2_->flop_per_position() +
           (skip_ ? skip_->flop_per_position() : 0.0);
  }
  void fold() {
    conv1_->fold();
    conv2_->fold();
  }

 private:
  torch::nn::Linear mlp_{nullptr};
  StandardisedConv conv1_{nullptr}, conv2_{nullptr};
  GroupNorm norm1_{nullptr}, norm2_{nullptr};
  Conv skip_{nullptr};
};
TORCH_MODULE(Block);

class MaskAttentionImpl final : public torch::nn::Module {
 public:
  explicit MaskAttentionImpl(int channels) {
    kv_ = nested(*this, {"fn", "fn", "to_kv"}, Conv(channels, 2 * kHidden, 1, 1, 1.0, false));
    q_ = nested(*this, {"fn", "fn", "to_q"}, Conv(channels, kHidden, 1, 1, 1.0, false));
    out_ = nested(*this, {"fn", "fn", "to_out"}, Conv(kHidden, channels, 1));
    auto norm = nested(*this, {"fn", "norm"}, std::make_shared<torch::nn::Module>());
    g_ = norm->register_parameter("g", torch::ones({1, channels, 1, 1}));
  }

  at::Tensor forward(const at::Tensor& x, const at::Tensor& mask) {
    const std::int64_t b = x.size(0), positions = x.size(2) * x.size(3);
    const at::Tensor kv =
        kv_(normed(x)).to(at::kFloat).reshape({b, 2, kHeads, kHeadWidth, positions});
    const at::Tensor k = kv.select(1, 0), v = kv.select(1, 1);

    // The question that a set mask asks: to_q of ones is the row sums of its weights.
    const at::Tensor ones = torch::ones({1, x.size(1), 1, 1}, x.options());
    const at::Tensor q = q_(ones).to(at::kFloat).reshape({1, kHeads, kHeadWidth, 1}) *
                         (1.0 / std::sqrt(static_cast<double>(kHeadWidth)));
    const at::Tensor row = at::softmax((q * k).sum(2, /*keepdim=*/true), -1);
    const at::Tensor asked = answer((v * row).sum(-1), x), unasked = answer(v.mean(-1), x);
    return x + at::lerp(unasked, asked, mask.to(x.scalar_type()));
  }
  double flop() const { return kv_->flop_per_position() + out_->flop_per_position(); }

 private:
  // Layer norm over channels, scale only.
  at::Tensor normed(const at::Tensor& x) const {
    const at::Tensor f = x.to(at::kFloat);
    const at::Tensor mean = f.mean(1, /*keepdim=*/true);
    const at::Tensor variance = f.var({1}, /*unbiased=*/false, /*keepdim=*/true);
    return ((f - mean) * at::rsqrt(variance + 1e-5) * g_).to(x.scalar_type());
  }
  at::Tensor answer(const at::Tensor& heads, const at::Tensor& x) {
    return out_(heads.reshape({x.size(0), kHidden, 1, 1}).to(x.scalar_type()));
  }

  Conv kv_{nullptr}, q_{nullptr}, out_{nullptr};
  at::Tensor g_;
};
TORCH_MODULE(MaskAttention);

}  // namespace

struct DiffInfiniteUNet::Level {
  Block first{nullptr}, second{nullptr};
  MaskAttention attention{nullptr};
  Conv resize{nullptr};
  bool changes_size = false;
};

struct DiffInfiniteUNet::Layers {
  std::vector<Level> downs, ups;
  Block middle1{nullptr}, middle2{nullptr}, final{nullptr};
  MaskAttention middle_attention{nullptr};
};

DiffInfiniteUNet::DiffInfiniteUNet(DiffInfiniteUNetConfig config) : config_(std::move(config)) {
  const int dim = config_.dim, embedding = 4 * dim, groups = config_.resnet_block_groups;
  const auto n = config_.dim_mults.size();
  std::vector<int> widths{dim};
  for (const int mult : config_.dim_mults) widths.push_back(dim * mult);
  const auto block = [&](std::vector<std::string> path, int in, int out) {
    return nested(*this, path, Block(in, out, groups, 2 * embedding));
  };

  layers_ = std::make_shared<Layers>();
  init_ = register_module("init_conv", Conv(config_.channels, dim, 7));
  time1_ = nested(*this, {"time_mlp", "1"}, torch::nn::Linear(dim, embedding));
  time2_ = nested(*this, {"time_mlp", "3"}, torch::nn::Linear(embedding, embedding));
  classes_ = register_module("classes_emb", torch::nn::Embedding(config_.num_classes, dim));
  class1_ = nested(*this, {"classes_mlp", "0"}, torch::nn::Linear(dim, embedding));
  class2_ = nested(*this, {"classes_mlp", "2"}, torch::nn::Linear(embedding, embedding));

  for (std::size_t i = 0; i < n; ++i) {
    const int in = widths[i], out = widths[i + 1];
    const std::string at = std::to_string(i);
    const bool last = i + 1 == n;
    layers_->downs.push_back(
        {block({"downs", at, "0"}, in, in), block({"downs", at, "1"}, in, in),
         nested(*this, {"downs", at, "2"}, MaskAttention(in)),
         nested(*this, {"downs", at, "3"}, last ? Conv(in, out, 3) : Conv(in, out, 4, 2)), !last});
  }
  for (std::size_t i = 0; i < n; ++i) {
    const int in = widths[n - i - 1], out = widths[n - i];
    const std::string at = std::to_string(i);
    const bool last = i + 1 == n;
    // An upsampling counts as the first of the two modules of a sequence.
    const auto path = last ? std::vector<std::string>{"ups", at, "3"}
                           : std::vector<std::string>{"ups", at, "3", "1"};
    layers_->ups.push_back({block({"ups", at, "0"}, out + in, out),
                            block({"ups", at, "1"}, out + in, out),
                            nested(*this, {"ups", at, "2"}, MaskAttention(out)),
                            nested(*this, path, Conv(out, in, 3)), !last});
  }
  layers_->middle1 = block({"mid_block1"}, widths.back(), widths.back());
  layers_->middle_attention = register_module("mid_attn", MaskAttention(widths.back()));
  layers_->middle2 = block({"mid_block2"}, widths.back(), widths.back());
  layers_->final = block({"final_res_block"}, 2 * dim, dim);
  final_ = register_module("final_conv", Conv(dim, config_.channels, 1));
}

DiffInfiniteCondition DiffInfiniteUNet::condition(const at::Tensor& time,
                                                  const at::Tensor& labels) {
  const int half = config_.dim / 2;
  const at::Tensor frequency =
      at::exp(at::arange(half, at::kFloat) * (-std::log(10000.0) / (half - 1)));
  const at::Tensor angle = time.unsqueeze(1) * frequency.unsqueeze(0);
  const at::Tensor t = time2_(at::gelu(time1_(at::cat({angle.sin(), angle.cos()}, 1))));
  // The class of an evaluation is the largest id of its mask.
  const at::Tensor id = labels.flatten(1).amax(1);
  const at::Tensor c = class2_(at::gelu(class1_(classes_(id))));

  DiffInfiniteCondition out{at::silu(at::cat({t, c}, 1)), {}};
  const at::Tensor mask = (labels > 0).to(at::kFloat).unsqueeze(1);
  for (std::size_t l = 0; l < config_.dim_mults.size(); ++l)
    out.masks.push_back(
        std::get<0>(at::adaptive_max_pool2d(mask, {mask.size(2) >> l, mask.size(3) >> l})));
  return out;
}

at::Tensor DiffInfiniteUNet::predict(const at::Tensor& x, const at::Tensor& time,
                                     const at::Tensor& labels) {
  const DiffInfiniteCondition c = condition(time, labels);
  const std::size_t n = layers_->downs.size();
  at::Tensor h = init_(x.to(dtype_, false, false, at::MemoryFormat::ChannelsLast));
  const at::Tensor start = h;
  std::vector<at::Tensor> skips;
  for (std::size_t l = 0; l < n; ++l) {
    Level& level = layers_->downs[l];
    skips.push_back(h = level.first(h, c.embedding));
    skips.push_back(h = level.attention(level.second(h, c.embedding), c.masks[l]));
    h = level.resize(h);
  }
  h = layers_->middle_attention(layers_->middle1(h, c.embedding), c.masks.back());
  h = layers_->middle2(h, c.embedding);
  for (std::size_t l = 0; l < n; ++l) {
    Level& level = layers_->ups[l];
    for (Block* block : {&level.first, &level.second}) {
      h = (*block)(at::cat({h, skips.back()}, 1), c.embedding);
      skips.pop_back();
    }
    h = level.attention(h, c.masks[n - 1 - l]);
    if (level.changes_size) h = at::upsample_nearest2d(h, {h.size(2) * 2, h.size(3) * 2});
    h = level.resize(h);
  }
  return final_(layers_->final(at::cat({h, start}, 1), c.embedding)).to(at::kFloat);
}

double DiffInfiniteUNet::gflop_per_evaluation(int side) const {
  const std::size_t n = layers_->downs.size();
  double positions = static_cast<double>(side) * side;
  double flop = positions *
                (init_->flop_per_position() + final_->flop_per_position() + layers_->final->flop());
  for (std::size_t l = 0; l < n; ++l) {
    // Level l of the way down has the size of level n - 1 - l of the way up.
    const Level &down = layers_->downs[l], &up = layers_->ups[n - 1 - l];
    flop += positions * (down.first->flop() + down.second->flop() + down.attention->flop() +
                         up.first->flop() + up.second->flop() + up.attention->flop());
    flop += positions * (down.changes_size ? 0.25 : 1.0) * down.resize->flop_per_position();
    flop += positions * (up.changes_size ? 4.0 : 1.0) * up.resize->flop_per_position();
    if (l + 1 < n) positions /= 4;
  }
  flop += positions *
          (layers_->middle1->flop() + layers_->middle2->flop() + layers_->middle_attention->flop());
  return flop * 1e-9;
}

void DiffInfiniteUNet::prepare_inference(DType dtype) {
  for (auto* levels : {&layers_->downs, &layers_->ups}) {
    for (Level& level : *levels) {
      level.first->fold();
      level.second->fold();
    }
  }
  for (Block* block : {&layers_->middle1, &layers_->middle2, &layers_->final}) (*block)->fold();
  convert_for_inference(*this, dtype);
  dtype_ = scalar_type(dtype);
  eval();
}

}  // namespace histoloom
