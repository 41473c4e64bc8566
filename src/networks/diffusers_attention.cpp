#include "diffusers_attention.h"

#include <algorithm>
#include <cmath>

#include "module_path.h"

namespace histoloom {

namespace {

constexpr std::int64_t kScores = 2 << 20;  // scores that exist at a time

// a [R, K] times the transpose of b [M, K]: [R, M]. On a CPU as a 1×1 convolution over R positions,
// since oneDNN multiplies several times as fast as the BLAS of our reference platform.
at::Tensor product(const at::Tensor& a, const at::Tensor& b) {
  if (!a.is_cpu()) return at::matmul(a, b.t());
  const std::int64_t rows = a.size(0), inner = a.size(1), columns = b.size(0);
  const at::Tensor positions = a.view({1, 1, rows, inner}).permute({0, 3, 1, 2});
  const at::Tensor out = at::conv2d(positions, b.view({columns, inner, 1, 1}));
  return out.permute({0, 2, 3, 1}).reshape({rows, columns});
}

// One head: q [N, d], k and v [M, d], all float32.
at::Tensor attend_head(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(1)));
  const at::Tensor queries = (q * scale).contiguous(), keys = k.contiguous();
  const at::Tensor transposed = v.t().contiguous();
  const std::int64_t rows = std::max<std::int64_t>(1, kScores / keys.size(0));
  std::vector<at::Tensor> out;
  for (const at::Tensor& block : queries.split(rows))
    out.push_back(product(at::softmax(product(block, keys), -1), transposed));
  return at::cat(out);
}

// [B, C, h, w], channels-last, as [B, h·w, C], and back; neither copies.
at::Tensor rows_of(const at::Tensor& x) { return x.permute({0, 2, 3, 1}).flatten(1, 2); }
at::Tensor image_of(const at::Tensor& rows, const at::Tensor& like) {
  return rows.unflatten(1, {like.size(2), like.size(3)}).permute({0, 3, 1, 2});
}

}  // namespace

at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, int heads) {
  const auto split = [heads](const at::Tensor& t) {
    return t.to(at::kFloat).unflatten(2, {heads, t.size(2) / heads});
  };
  const at::Tensor queries = split(q), keys = split(k), values = split(v);
  std::vector<at::Tensor> out;
  for (std::int64_t b = 0; b < q.size(0); ++b) {
    for (int head = 0; head < heads; ++head) {
      const auto of_head = [&](const at::Tensor& t) { return t.select(0, b).select(1, head); };
      out.push_back(attend_head(of_head(queries), of_head(keys), of_head(values)));
    }
  }
  return at::stack(out, 1)
      .view({q.size(1), q.size(0), q.size(2)})
      .transpose(0, 1)
      .to(q.scalar_type());
}

AttentionImpl::AttentionImpl(int channels, int context, int heads, bool bias)
    : channels_(channels), heads_(heads) {
  q_ = register_module("to_q", Conv(channels, channels, 1, 1, 1.0, bias));
  k_ = register_module("to_k", Conv(context, channels, 1, 1, 1.0, bias));
  v_ = register_module("to_v", Conv(context, channels, 1, 1, 1.0, bias));
  out_ = add_module(*this, "to_out.0", Conv(channels, channels, 1));
}

KeysValues AttentionImpl::project(const at::Tensor& context) {
  return {rows_of(k_(context)), rows_of(v_(context))};
}

at::Tensor AttentionImpl::forward(const at::Tensor& x, const KeysValues& context) {
  const at::Tensor found = attend(rows_of(q_(x)), context.keys, context.values, heads_);
  return out_(image_of(found, x).contiguous(at::MemoryFormat::ChannelsLast));
}

double AttentionImpl::flop(double positions, double keys, bool self) const {
  double projections = q_->flop_per_position() + out_->flop_per_position();
  if (self) projections += k_->flop_per_position() + v_->flop_per_position();
  return positions * (projections + 4.0 * keys * channels_);
}

AttentionBlockImpl::AttentionBlockImpl(int channels, NormSpec norm)
    : AttentionImpl(channels, channels, /*heads=*/1, /*bias=*/true) {
  norm_ = register_module("group_norm", Norm(channels, norm));
}

at::Tensor AttentionBlockImpl::forward(const at::Tensor& x) {
  const at::Tensor h = norm_(x);
  return x + AttentionImpl::forward(h, project(h));
}

}  // namespace histoloom
