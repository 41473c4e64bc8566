#include "label_map_unet.h"

#include <fmt/format.h>

#include <cmath>

namespace histoloom {

LabelMapBlockImpl::LabelMapBlockImpl(int in, int out, const LabelMapUNetConfig& config) {
  norm1_ = register_module("norm1", GroupNorm(config.groups, in));
  conv1_ = register_module("conv1", Conv(in, out, 3));
  film_ = register_module("film", torch::nn::Linear(config.embedding, 2 * out));
  label_ = register_module("label", Conv(config.labels - 1, out, 1));
  norm2_ = register_module("norm2", GroupNorm(config.groups, out));
  conv2_ = register_module("conv2", Conv(out, out, 3, 1, 0.0));
  if (in != out) skip_ = register_module("skip", Conv(in, out, 1));
}

at::Tensor LabelMapBlockImpl::forward(const at::Tensor& x, const at::Tensor& time,
                                      const at::Tensor& labels) {
  // Time as scale and shift of the second norm, labels as a shift of each cell.
  const auto film = film_(time).chunk(2, 1);
  at::Tensor h = conv1_(norm1_->forward(x, {.silu = true}));
  h = norm2_->forward(h,
                      {.scale = film[0], .shift = film[1], .before = label_(labels), .silu = true});
  return (skip_ ? skip_(x) : x) + conv2_(h);
}

double LabelMapBlockImpl::flop_per_position() const {
  return conv1_->flop_per_position() + conv2_->flop_per_position() + label_->flop_per_position() +
         (skip_ ? skip_->flop_per_position() : 0.0);
}

LabelMapUNet::LabelMapUNet(LabelMapUNetConfig config) : config_(std::move(config)) {
  const auto& widths = config_.widths;
  time1_ = register_module("time1", torch::nn::Linear(config_.embedding / 2, config_.embedding));
  time2_ = register_module("time2", torch::nn::Linear(config_.embedding, config_.embedding));
  const int folded = config_.fold * config_.fold;
  const int planes = config_.latent_channels + config_.context_channels + config_.labels - 1;
  input_ = register_module("input", Conv(planes * folded, widths[0], 3));
  levels_.resize(widths.size());

  // Down: blocks, then half the size; every block's result is kept for the way up.
  for (std::size_t l = 0; l < widths.size(); ++l) {
    for (int i = 0; i < config_.blocks; ++i) {
      levels_[l].down.push_back(register_module(fmt::format("down{}_{}", l, i),
                                                LabelMapBlock(widths[l], widths[l], config_)));
    }
    if (l + 1 < widths.size())
      levels_[l].shrink =
          register_module(fmt::format("shrink{}", l), Conv(widths[l], widths[l + 1], 3, 2));
  }
  middle1_ = register_module("middle1", LabelMapBlock(widths.back(), widths.back(), config_));
  attention_ =
      register_module("attention", SelfAttention(widths.back(), config_.heads, config_.groups));
  middle2_ = register_module("middle2", LabelMapBlock(widths.back(), widths.back(), config_));

  // Up: each block takes the matching block's result beside its input.
  for (std::size_t l = widths.size(); l-- > 0;) {
    for (int i = 0; i < config_.blocks; ++i) {
      levels_[l].up.push_back(register_module(fmt::format("up{}_{}", l, i),
                                              LabelMapBlock(2 * widths[l], widths[l], config_)));
    }
    if (l > 0)
      levels_[l].grow =
          register_module(fmt::format("grow{}", l), Conv(widths[l], widths[l - 1], 3));
  }
  output_norm_ = register_module("output_norm", GroupNorm(config_.groups, widths[0]));
  output_ = register_module("output", Conv(widths[0], config_.latent_channels * folded, 3, 1, 0.0));
}

at::Tensor LabelMapUNet::embed_time(const at::Tensor& time) {
  const int half = config_.embedding / 4;
  const at::Tensor frequency =
      at::exp(at::arange(half, at::kFloat) * (-std::log(10000.0) / (half - 1)));
  const at::Tensor angle = time.unsqueeze(1) * frequency.unsqueeze(0);
  const at::Tensor wave = at::cat({angle.sin(), angle.cos()}, 1);
  return at::silu(time2_(at::silu(time1_(wave))));
}

at::Tensor LabelMapUNet::label_planes(const at::Tensor& labels) const {
  return at::one_hot(labels, config_.labels)
      .narrow(-1, 1, config_.labels - 1)  // 0 is 'no condition'
      .permute({0, 3, 1, 2})
      .to(dtype_, false, false, at::MemoryFormat::ChannelsLast);
}

std::vector<at::Tensor> LabelMapUNet::label_pyramid(const at::Tensor& planes) const {
  std::vector<at::Tensor> pyramid{config_.fold == 1 ? planes
                                                    : at::avg_pool2d(planes, config_.fold)};
  for (std::size_t l = 1; l < config_.widths.size(); ++l)
    pyramid.push_back(at::avg_pool2d(pyramid.back(), 2));
  return pyramid;
}

at::Tensor LabelMapUNet::predict(const at::Tensor& x, const at::Tensor& time,
                                 const at::Tensor& labels) {
  const at::Tensor emb = embed_time(time);
  const at::Tensor planes = label_planes(labels);
  const std::vector<at::Tensor> maps = label_pyramid(planes);
  at::Tensor in = at::cat({x.to(dtype_), planes}, 1);
  if (config_.fold > 1) in = at::pixel_unshuffle(in, config_.fold);
  at::Tensor h = input_(in.contiguous(at::MemoryFormat::ChannelsLast));
  std::vector<at::Tensor> skips;
  for (std::size_t l = 0; l < levels_.size(); ++l) {
    for (auto& block : levels_[l].down) skips.push_back(h = block(h, emb, maps[l]));
    if (levels_[l].shrink) h = levels_[l].shrink(h);
  }
  h = middle2_(attention_(middle1_(h, emb, maps.back())), emb, maps.back());
  for (std::size_t l = levels_.size(); l-- > 0;) {
    for (auto& block : levels_[l].up) {
      h = block(at::cat({h, skips.back()}, 1), emb, maps[l]);
      skips.pop_back();
    }
    if (levels_[l].grow)
      h = levels_[l].grow(at::upsample_nearest2d(h, {h.size(2) * 2, h.size(3) * 2}));
  }
  const at::Tensor out = output_(output_norm_->forward(h, {.silu = true})).to(at::kFloat);
  return config_.fold == 1 ? out : at::pixel_shuffle(out, config_.fold);
}

double LabelMapUNet::gflop_per_evaluation(int side) const {
  double flop = 0;
  side /= config_.fold;
  for (std::size_t l = 0; l < levels_.size(); ++l) {
    const double positions = static_cast<double>(side >> l) * (side >> l);
    double here = 0;
    for (const auto& block : levels_[l].down) here += block->flop_per_position();
    for (const auto& block : levels_[l].up) here += block->flop_per_position();
    if (l == 0) here += input_->flop_per_position() + output_->flop_per_position();
    if (levels_[l].shrink) here += levels_[l].shrink->flop_per_position() / 4;
    if (levels_[l].grow) here += levels_[l].grow->flop_per_position() * 4;
    flop += here * positions;
    if (l + 1 == levels_.size()) {
      flop += attention_->flop(positions) +
              positions * (middle1_->flop_per_position() + middle2_->flop_per_position());
    }
  }
  return flop * 1e-9;
}

void LabelMapUNet::prepare_inference(DType dtype) {
  convert_for_inference(*this, dtype);
  dtype_ = scalar_type(dtype);
  eval();
}

std::unique_ptr<Denoiser> make_label_map_unet(const LabelMapUNetConfig& config) {
  return std::make_unique<LabelMapUNet>(config);
}

}  // namespace histoloom
