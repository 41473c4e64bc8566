#include "unet_2d_condition.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "diffusers_layers.h"
#include "diffusers_transformer.h"
#include "module_path.h"

namespace histoloom {

namespace {

// The blocks of one resolution on one of the ways.
struct Stage {
  std::vector<ResnetBlock> resnets;
  std::vector<Transformer2D> attentions;  // one after each resnet, or none
  Conv downsample{nullptr};
  Upsample upsample{nullptr};

  bool attends() const { return !attentions.empty(); }
  // Multiplies and adds of `positions` positions that attend to `tokens` tokens.
  double flop(double positions, double tokens) const {
    double flop = 0;
    for (const auto& resnet : resnets) flop += positions * resnet->flop();
    for (const auto& attention : attentions) flop += attention->flop(positions, tokens);
    if (downsample) flop += 0.25 * positions * downsample->flop_per_position();
    if (upsample) flop += positions * upsample->flop();
    return flop;
  }
};

}  // namespace

struct UNet2DCondition::Layers {
  Conv in{nullptr}, out{nullptr};
  Norm norm{nullptr};
  torch::nn::Linear time1{nullptr}, time2{nullptr};
  std::vector<Stage> downs, ups;
  Stage middle;  // resnet, attention, resnet

  // Every attention block, in the order in which they are run.
  std::vector<Transformer2D> attentions() const {
    std::vector<Transformer2D> all;
    const auto append = [&all](const Stage& stage) {
      all.insert(all.end(), stage.attentions.begin(), stage.attentions.end());
    };
    std::for_each(downs.begin(), downs.end(), append);
    append(middle);
    std::for_each(ups.begin(), ups.end(), append);
    return all;
  }
};

namespace {

// Adds resnets and attention blocks under the published names.
class Builder {
 public:
  Builder(torch::nn::Module& network, const UNet2DConditionConfig& config)
      : network_(network), config_(config) {}

  void add_resnet(Stage& stage, const std::string& path, int in, int out) {
    const int time = 4 * config_.block_out_channels[0];
    const NormSpec norm{config_.norm_num_groups, config_.norm_eps};
    stage.resnets.push_back(add_module(network_,
                                       fmt::format("{}.resnets.{}", path, stage.resnets.size()),
                                       ResnetBlock(in, out, norm, time)));
  }
  void add_attention(Stage& stage, const std::string& path, int channels, int heads) {
    stage.attentions.push_back(add_module(
        network_, fmt::format("{}.attentions.{}", path, stage.attentions.size()),
        Transformer2D(channels, config_.cross_attention_dim, heads, config_.norm_num_groups)));
  }

  Stage down(std::size_t i) {
    const std::vector<int>& widths = config_.block_out_channels;
    const std::string path = fmt::format("down_blocks.{}", i);
    const int out = widths[i];
    Stage stage;
    for (int j = 0; j < config_.layers_per_block; ++j) {
      add_resnet(stage, path, j == 0 ? widths[i == 0 ? 0 : i - 1] : out, out);
      if (config_.down_attention[i]) add_attention(stage, path, out, config_.heads[i]);
    }
    if (i + 1 < widths.size())
      stage.downsample = add_module(network_, path + ".downsamplers.0.conv", Conv(out, out, 3, 2));
    return stage;
  }

  Stage middle() {
    const int width = config_.block_out_channels.back();
    Stage stage;
    add_resnet(stage, "mid_block", width, width);
    add_attention(stage, "mid_block", width, config_.heads.back());
    add_resnet(stage, "mid_block", width, width);
    return stage;
  }

  // Every resnet takes what one on the way down left, and the first convolution's output at last.
  Stage up(std::size_t i) {
    const std::vector<int>& widths = config_.block_out_channels;
    const std::size_t level = widths.size() - 1 - i;
    const std::string path = fmt::format("up_blocks.{}", i);
    const int out = widths[level], below = widths[std::min(level + 1, widths.size() - 1)];
    const int above = widths[level == 0 ? 0 : level - 1];
    Stage stage;
    for (int j = 0; j <= config_.layers_per_block; ++j) {
      const int skip = j == config_.layers_per_block ? above : out;
      add_resnet(stage, path, (j == 0 ? below : out) + skip, out);
      if (config_.up_attention[i]) add_attention(stage, path, out, config_.heads[level]);
    }
    if (level > 0) stage.upsample = add_module(network_, path + ".upsamplers.0", Upsample(out));
    return stage;
  }

 private:
  torch::nn::Module& network_;
  const UNet2DConditionConfig& config_;
};

}  // namespace

UNet2DCondition::UNet2DCondition(UNet2DConditionConfig config)
    : config_(std::move(config)), layers_(std::make_shared<Layers>()) {
  const std::vector<int>& widths = config_.block_out_channels;
  const int first = widths[0], time = 4 * first;
  context_ = register_parameter(
      "context", at::zeros({config_.labels, config_.context_tokens, config_.cross_attention_dim}));
  layers_->in = register_module("conv_in", Conv(config_.channels, first, 3));
  layers_->time1 = add_module(*this, "time_embedding.linear_1", torch::nn::Linear(first, time));
  layers_->time2 = add_module(*this, "time_embedding.linear_2", torch::nn::Linear(time, time));
  Builder builder(*this, config_);
  for (std::size_t i = 0; i < widths.size(); ++i) layers_->downs.push_back(builder.down(i));
  layers_->middle = builder.middle();
  for (std::size_t i = 0; i < widths.size(); ++i) layers_->ups.push_back(builder.up(i));
  layers_->norm = register_module("conv_norm_out",
                                  Norm(first, NormSpec{config_.norm_num_groups, config_.norm_eps}));
  layers_->out = register_module("conv_out", Conv(first, config_.channels, 3));
}

at::Tensor UNet2DCondition::time_embedding(const at::Tensor& time) {
  const int half = config_.block_out_channels[0] / 2;
  const at::Tensor frequency = at::exp(at::arange(half, time.options()) *
                                       (-std::log(10000.0) / (half - config_.freq_shift)));
  const at::Tensor angle = time.unsqueeze(1) * frequency.unsqueeze(0);
  const at::Tensor waves = config_.flip_sin_to_cos ? at::cat({angle.cos(), angle.sin()}, 1)
                                                   : at::cat({angle.sin(), angle.cos()}, 1);
  return layers_->time2(at::silu(layers_->time1(waves)));
}

UNet2DCondition::Contexts UNet2DCondition::project(const at::Tensor& context) {
  const at::Tensor tokens = context.to(dtype_).unsqueeze(1).permute({0, 3, 1, 2});
  Contexts contexts;
  for (auto& attention : layers_->attentions()) contexts.push_back(attention->project(tokens));
  return contexts;
}

at::Tensor UNet2DCondition::run(const at::Tensor& x, const at::Tensor& time,
                                const Contexts& contexts) {
  const at::Tensor t = at::silu(time_embedding(time));
  auto context = contexts.begin();
  at::Tensor h = layers_->in(x.to(dtype_, false, false, at::MemoryFormat::ChannelsLast));
  std::vector<at::Tensor> skips{h};
  for (Stage& stage : layers_->downs) {
    for (std::size_t i = 0; i < stage.resnets.size(); ++i) {
      h = stage.resnets[i](h, t);
      if (stage.attends()) h = stage.attentions[i](h, *context++);
      skips.push_back(h);
    }
    if (stage.downsample) skips.push_back(h = stage.downsample(h));
  }
  Stage& middle = layers_->middle;
  h = middle.attentions[0](middle.resnets[0](h, t), *context++);
  h = middle.resnets[1](h, t);
  for (Stage& stage : layers_->ups) {
    for (std::size_t i = 0; i < stage.resnets.size(); ++i) {
      h = stage.resnets[i](at::cat({h, skips.back()}, 1), t);
      skips.pop_back();
      if (stage.attends()) h = stage.attentions[i](h, *context++);
    }
    if (stage.upsample) h = stage.upsample(h);
  }
  return layers_->out(layers_->norm->silu(h)).to(at::kFloat);
}

at::Tensor UNet2DCondition::predict_under(const at::Tensor& x, const at::Tensor& time,
                                          const at::Tensor& context) {
  return run(x, time, project(context));
}

at::Tensor UNet2DCondition::predict(const at::Tensor& x, const at::Tensor& time,
                                    const at::Tensor& labels) {
  // The label of an evaluation is the largest id of its map.
  const at::Tensor id = labels.flatten(1).amax(1);
  if (of_labels_.empty()) return predict_under(x, time, context_.index_select(0, id));
  Contexts contexts;
  for (const auto& [keys, values] : of_labels_)
    contexts.push_back({keys.index_select(0, id), values.index_select(0, id)});
  return run(x, time, contexts);
}

double UNet2DCondition::gflop_per_evaluation(int side) const {
  const double tokens = config_.context_tokens;
  const std::size_t n = layers_->downs.size();
  double positions = static_cast<double>(side) * side;
  double flop = positions * (layers_->in->flop_per_position() + layers_->out->flop_per_position());
  for (std::size_t level = 0; level < n; ++level) {
    flop += layers_->downs[level].flop(positions, tokens) +
            layers_->ups[n - 1 - level].flop(positions, tokens);
    if (level + 1 < n) positions /= 4;
  }
  return (flop + layers_->middle.flop(positions, tokens)) * 1e-9;
}

void UNet2DCondition::prepare_inference(DType dtype) {
  convert_for_inference(*this, dtype);
  context_.set_requires_grad(false);
  dtype_ = scalar_type(dtype);
  eval();
  at::NoGradGuard no_grad;
  of_labels_ = project(context_);
}

std::unique_ptr<Denoiser> make_unet_2d_condition(const UNet2DConditionConfig& config) {
  return std::make_unique<UNet2DCondition>(config);
}

}  // namespace histoloom
