#include "diffinfinite_layers.h"

#include <cmath>

#include "module_path.h"
#include "tensor_pointer.h"
#include "two_row_attention.h"

namespace histoloom {

namespace {

constexpr int kHeads = 4;
constexpr int kHeadWidth = 32;
constexpr int kHidden = kHeads * kHeadWidth;
const double kQueryScale = 1.0 / std::sqrt(static_cast<double>(kHeadWidth));

class MaskAttention final : public DiffInfiniteAttention {
 public:
  explicit MaskAttention(int channels) : DiffInfiniteAttention(channels) {
    kv_ = add_module(*this, "fn.fn.to_kv", Conv(channels, 2 * kHidden, 1, 1, 1.0, false));
    q_ = add_module(*this, "fn.fn.to_q", Conv(channels, kHidden, 1, 1, 1.0, false));
    out_ = add_module(*this, "fn.fn.to_out", Conv(kHidden, channels, 1));
  }

  at::Tensor attend(const at::Tensor& x, const at::Tensor& mask) override {
    const at::Tensor kv = kv_(normed(x));
    // [2B, hidden, 1, 1]: what the set positions get, then what the others do.
    const at::Tensor rows = may_fuse(kv) ? fused_rows(kv) : plain_rows(kv);
    const auto out = out_(rows.to(x.scalar_type())).chunk(2, 0);
    if (may_fuse(x)) return add_chosen(x, mask, out[0].to(at::kFloat), out[1].to(at::kFloat));
    return x + at::lerp(out[1], out[0], mask.to(x.scalar_type()));
  }
  double flop(double positions) const override {
    return positions * (kv_->flop_per_position() + out_->flop_per_position());
  }
  void prepare() override {
    at::NoGradGuard no_grad;
    query_ = query();
  }

 private:
  // What a set mask asks: to_q of ones is the row sums of its weights.
  at::Tensor query() const { return q_->weight().to(at::kFloat).flatten(1).sum(1) * kQueryScale; }

  at::Tensor fused_rows(const at::Tensor& kv) const {
    const at::Tensor q = query_.defined() ? query_ : query();
    const TwoRowShape shape{kv.size(0), kv.size(2) * kv.size(3), kHeads, kHeadWidth};
    at::Tensor rows = at::empty({2 * shape.batch, kHidden, 1, 1}, at::kFloat);
    float* asked = rows.data_ptr<float>();
    with_elements(kv, [&](auto* elements) {
      two_row_attention(shape, q.data_ptr<float>(), elements, asked, asked + shape.batch * kHidden);
    });
    return rows;
  }

  at::Tensor plain_rows(const at::Tensor& kv) const {
    const std::int64_t b = kv.size(0);
    const at::Tensor parts = kv.to(at::kFloat).reshape({b, 2, kHeads, kHeadWidth, -1});
    const at::Tensor k = parts.select(1, 0), v = parts.select(1, 1);
    const at::Tensor scores = (query().view({1, kHeads, kHeadWidth, 1}) * k).sum(2, true);
    const at::Tensor asked = (v * at::softmax(scores, -1)).sum(-1);
    return at::cat({asked, v.mean(-1)}).reshape({2 * b, kHidden, 1, 1});
  }

  static at::Tensor add_chosen(const at::Tensor& x, const at::Tensor& mask, const at::Tensor& set,
                               const at::Tensor& clear) {
    at::Tensor y = at::empty_like(x);
    const at::Tensor m = mask.contiguous(), s = set.contiguous(), c = clear.contiguous();
    const RowChoice choice{x.size(0),           x.size(2) * x.size(3), x.size(1),
                           m.data_ptr<float>(), s.data_ptr<float>(),   c.data_ptr<float>()};
    with_elements(x, [&]<class T>(T* from) { add_chosen_row(choice, from, elements<T>(y)); });
    return y;
  }

  Conv kv_{nullptr}, q_{nullptr}, out_{nullptr};
  at::Tensor query_;
};

// [B, 3, heads, width, positions] in float32.
at::Tensor split_heads(const at::Tensor& qkv) {
  return qkv.to(at::kFloat).reshape({qkv.size(0), 3, kHeads, kHeadWidth, -1});
}

at::Tensor join_heads(const at::Tensor& heads, const at::Tensor& like) {
  return heads.reshape({like.size(0), kHidden, like.size(2), like.size(3)})
      .to(like.scalar_type())
      .contiguous(at::MemoryFormat::ChannelsLast);
}

class LinearAttention final : public DiffInfiniteAttention {
 public:
  explicit LinearAttention(int channels) : DiffInfiniteAttention(channels) {
    qkv_ = add_module(*this, "fn.fn.to_qkv", Conv(channels, 3 * kHidden, 1, 1, 1.0, false));
    out_ = add_module(*this, "fn.fn.to_out.0", Conv(kHidden, channels, 1));
    auto norm = add_module(*this, "fn.fn.to_out.1", std::make_shared<torch::nn::Module>());
    out_gain_ = norm->register_parameter("g", at::ones({1, channels, 1, 1}));
  }

  at::Tensor attend(const at::Tensor& x, const at::Tensor& /*mask*/) override {
    const at::Tensor qkv = split_heads(qkv_(normed(x)));
    const at::Tensor q = at::softmax(qkv.select(1, 0), -2) * kQueryScale;
    const at::Tensor k = at::softmax(qkv.select(1, 1), -1);
    const at::Tensor v = qkv.select(1, 2) / static_cast<double>(x.size(2) * x.size(3));
    const at::Tensor context = at::matmul(v, k.transpose(-1, -2));  // values × keys
    return x + channel_norm(out_(join_heads(at::matmul(context, q), x)), out_gain_);
  }
  double flop(double positions) const override {
    return positions *
           (qkv_->flop_per_position() + out_->flop_per_position() + 4.0 * kHidden * kHeadWidth);
  }

 private:
  Conv qkv_{nullptr}, out_{nullptr};
  at::Tensor out_gain_;
};

class FullAttention final : public DiffInfiniteAttention {
 public:
  explicit FullAttention(int channels) : DiffInfiniteAttention(channels) {
    qkv_ = add_module(*this, "fn.fn.to_qkv", Conv(channels, 3 * kHidden, 1, 1, 1.0, false));
    out_ = add_module(*this, "fn.fn.to_out", Conv(kHidden, channels, 1));
  }

  at::Tensor attend(const at::Tensor& x, const at::Tensor& /*mask*/) override {
    const at::Tensor qkv = split_heads(qkv_(normed(x)));
    const at::Tensor q = qkv.select(1, 0) * kQueryScale, k = qkv.select(1, 1), v = qkv.select(1, 2);
    const at::Tensor row = at::softmax(at::matmul(q.transpose(-1, -2), k), -1);
    return x + out_(join_heads(at::matmul(v, row.transpose(-1, -2)), x));
  }
  double flop(double positions) const override {
    return positions * (qkv_->flop_per_position() + out_->flop_per_position()) +
           4.0 * positions * positions * kHidden;
  }

 private:
  Conv qkv_{nullptr}, out_{nullptr};
};

}  // namespace

at::Tensor StandardisedConvImpl::forward(const at::Tensor& x) {
  return folded_ ? ConvImpl::forward(x) : convolve(x, standardised(weight_));
}

void StandardisedConvImpl::fold() {
  if (!folded_) standardise();
  folded_ = true;
}

DiffInfiniteBlockImpl::DiffInfiniteBlockImpl(int in, int out, int groups, int embedding,
                                             int first_film)
    : out_(out), first_film_(first_film) {
  film_ = add_module(*this, "mlp.1", torch::nn::Linear(embedding, 2 * out));
  conv1_ = add_module(*this, "block1.proj", StandardisedConv(in, out));
  norm1_ = add_module(*this, "block1.norm", GroupNorm(groups, out));
  conv2_ = add_module(*this, "block2.proj", StandardisedConv(out, out));
  norm2_ = add_module(*this, "block2.norm", GroupNorm(groups, out));
  if (in != out) skip_ = register_module("res_conv", Conv(in, out, 1));
}

at::Tensor DiffInfiniteBlockImpl::forward(const at::Tensor& x, const at::Tensor& films) {
  const at::Tensor scale = films.narrow(1, first_film_, out_);
  const at::Tensor shift = films.narrow(1, first_film_ + out_, out_);
  at::Tensor h = norm1_->forward(conv1_(x), {.scale = scale, .shift = shift, .silu = true});
  return norm2_->forward(conv2_(h), {.silu = true, .after = skip_ ? skip_(x) : x});
}

at::Tensor DiffInfiniteBlockImpl::partial_film(const at::Tensor& part, std::int64_t first) const {
  return at::matmul(part, film_->weight.narrow(1, first, part.size(1)).t());
}

double DiffInfiniteBlockImpl::flop() const {
  return conv1_->flop_per_position() + conv2_->flop_per_position() +
         (skip_ ? skip_->flop_per_position() : 0.0);
}

void DiffInfiniteBlockImpl::fold() {
  conv1_->fold();
  conv2_->fold();
}

DiffInfiniteAttention::DiffInfiniteAttention(int channels) {
  auto norm = add_module(*this, "fn.norm", std::make_shared<torch::nn::Module>());
  gain_ = norm->register_parameter("g", at::ones({1, channels, 1, 1}));
}

std::shared_ptr<DiffInfiniteAttention> make_mask_attention(int channels) {
  return std::make_shared<MaskAttention>(channels);
}
std::shared_ptr<DiffInfiniteAttention> make_linear_attention(int channels) {
  return std::make_shared<LinearAttention>(channels);
}
std::shared_ptr<DiffInfiniteAttention> make_full_attention(int channels) {
  return std::make_shared<FullAttention>(channels);
}

}  // namespace histoloom
