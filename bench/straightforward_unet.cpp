#include "straightforward_unet.h"

#include <cmath>

namespace histoloom {

namespace {
constexpr int kHeads = 4;
constexpr int kHeadWidth = 32;
}  // namespace

StraightforwardUNet::StraightforwardUNet(const NamedTensors& weights, int levels, int groups)
    : weights_(weights.begin(), weights.end()), levels_(levels), groups_(groups) {}

at::Tensor StraightforwardUNet::conv(const std::string& name, const at::Tensor& x,
                                     int stride) const {
  const auto bias = weights_.find(name + ".bias");
  const at::Tensor weight = w(name + ".weight");
  return at::conv2d(x, weight, bias == weights_.end() ? at::Tensor() : bias->second, stride,
                    (weight.size(2) - 1) / 2);
}

at::Tensor StraightforwardUNet::linear(const std::string& name, const at::Tensor& x) const {
  return at::linear(x, w(name + ".weight"), w(name + ".bias"));
}

at::Tensor StraightforwardUNet::half_block(const std::string& name, const at::Tensor& x) const {
  const at::Tensor weight = w(name + ".proj.weight");
  const at::Tensor variance = at::var(weight, {1, 2, 3}, /*unbiased=*/false, /*keepdim=*/true);
  const at::Tensor standardised =
      (weight - weight.mean({1, 2, 3}, true)) / at::sqrt(variance + 1e-5);
  const at::Tensor y = at::conv2d(x, standardised, w(name + ".proj.bias"), 1, 1);
  return at::group_norm(y, groups_, w(name + ".norm.weight"), w(name + ".norm.bias"), 1e-5);
}

at::Tensor StraightforwardUNet::normed(const std::string& name, const at::Tensor& x) const {
  const at::Tensor variance = at::var(x, {1}, /*unbiased=*/false, /*keepdim=*/true);
  return (x - x.mean(1, true)) / at::sqrt(variance + 1e-5) * w(name + ".g");
}

at::Tensor StraightforwardUNet::block(const std::string& name, const at::Tensor& x,
                                      const at::Tensor& embedding) const {
  const auto film = linear(name + ".mlp.1", at::silu(embedding)).view({x.size(0), -1, 1, 1});
  const auto parts = film.chunk(2, 1);
  const at::Tensor h = at::silu(half_block(name + ".block1", x) * (parts[0] + 1) + parts[1]);
  const bool widens = weights_.count(name + ".res_conv.weight") > 0;
  return at::silu(half_block(name + ".block2", h)) + (widens ? conv(name + ".res_conv", x) : x);
}

at::Tensor StraightforwardUNet::attention(const std::string& name, const at::Tensor& x,
                                          const at::Tensor& mask) const {
  const std::int64_t b = x.size(0), n = x.size(2) * x.size(3);
  const auto heads = [&](const at::Tensor& t) { return t.reshape({b, kHeads, kHeadWidth, n}); };
  const auto kv = conv(name + ".fn.fn.to_kv", normed(name + ".fn.norm", x)).chunk(2, 1);
  const at::Tensor asked = std::get<0>(at::adaptive_max_pool2d(mask, {x.size(2), x.size(3)}));
  const at::Tensor q =
      heads(conv(name + ".fn.fn.to_q", (asked > 0).to(at::kFloat).repeat({1, x.size(1), 1, 1})));
  const at::Tensor scores =
      at::matmul(q.transpose(-1, -2), heads(kv[0])) / std::sqrt(static_cast<double>(kHeadWidth));
  const at::Tensor mixed =
      at::matmul(at::softmax(scores, -1), heads(kv[1]).transpose(-1, -2)).transpose(-1, -2);
  return x + conv(name + ".fn.fn.to_out",
                  mixed.reshape({b, kHeads * kHeadWidth, x.size(2), x.size(3)}));
}

at::Tensor StraightforwardUNet::embedding(const at::Tensor& time, const at::Tensor& labels) const {
  const std::int64_t half = w("time_mlp.1.weight").size(1) / 2;
  const at::Tensor frequency =
      at::exp(at::arange(half, at::kFloat) * -(std::log(10000.0) / static_cast<double>(half - 1)));
  const at::Tensor angle = time.unsqueeze(1) * frequency;
  const at::Tensor wave = at::cat({angle.sin(), angle.cos()}, 1);
  const at::Tensor t = linear("time_mlp.3", at::gelu(linear("time_mlp.1", wave)));
  const at::Tensor classes = at::embedding(w("classes_emb.weight"), labels.flatten(1).amax(1));
  const at::Tensor c = linear("classes_mlp.2", at::gelu(linear("classes_mlp.0", classes)));
  return at::cat({t, c}, 1);
}

at::Tensor StraightforwardUNet::predict(const at::Tensor& x, const at::Tensor& time,
                                        const at::Tensor& labels) const {
  const at::Tensor emb = embedding(time, labels);
  const at::Tensor mask = labels.to(at::kFloat).unsqueeze(1);
  at::Tensor h = conv("init_conv", x);
  const at::Tensor start = h;
  std::vector<at::Tensor> skips;
  for (int l = 0; l < levels_; ++l) {
    const std::string at = "downs." + std::to_string(l);
    skips.push_back(h = block(at + ".0", h, emb));
    skips.push_back(h = attention(at + ".2", block(at + ".1", h, emb), mask));
    h = conv(at + ".3", h, l + 1 < levels_ ? 2 : 1);
  }
  h = attention("mid_attn", block("mid_block1", h, emb), mask);
  h = block("mid_block2", h, emb);
  for (int l = 0; l < levels_; ++l) {
    const std::string at = "ups." + std::to_string(l);
    for (const char* which : {".0", ".1"}) {
      h = block(at + which, at::cat({h, skips.back()}, 1), emb);
      skips.pop_back();
    }
    h = attention(at + ".2", h, mask);
    if (l + 1 < levels_)
      h = conv(at + ".3.1", at::upsample_nearest2d(h, {2 * h.size(2), 2 * h.size(3)}));
    else
      h = conv(at + ".3", h);
  }
  return conv("final_conv", block("final_res_block", at::cat({h, start}, 1), emb));
}

}  // namespace histoloom
