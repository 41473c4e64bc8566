#include "diffusers_autoencoder.h"

#include <fmt/format.h>

#include <optional>

#include "module_path.h"

namespace histoloom {

namespace {

constexpr NormSpec norm_of(const DiffusersAutoencoderConfig& config) {
  return {config.norm_num_groups, 1e-6};
}

// Halves an even size by a 3×3 convolution of stride 2, padded at the right and the bottom only.
class DownsampleConvImpl final : public ConvImpl {
 public:
  explicit DownsampleConvImpl(int channels) : ConvImpl(channels, channels, 3, 2) {}
  at::Tensor forward(const at::Tensor& x) {
    return at::conv2d(at::constant_pad_nd(x, {0, 1, 0, 1}), weight_.to(x.scalar_type()),
                      bias_.to(x.scalar_type()), /*stride=*/2);
  }
};
TORCH_MODULE(DownsampleConv);

// The resnets of one resolution, and the attention after each where there is any.
class Block {
 public:
  Block(torch::nn::Module& parent, const std::string& path, int in, int out, int resnets,
        bool attention, NormSpec norm) {
    for (int i = 0; i < resnets; ++i) {
      resnets_.push_back(add_module(parent, fmt::format("{}.resnets.{}", path, i),
                                    ResnetBlock(i == 0 ? in : out, out, norm)));
      if (!attention) continue;
      attentions_.push_back(
          add_module(parent, fmt::format("{}.attentions.{}", path, i), AttentionBlock(out, norm)));
    }
  }

  at::Tensor forward(at::Tensor h) {
    for (std::size_t i = 0; i < resnets_.size(); ++i) {
      h = resnets_[i](h);
      if (!attentions_.empty()) h = attentions_[i](h);
    }
    return h;
  }
  // Multiplies and adds for one of `positions` positions.
  double flop(double positions) const {
    double flop = 0;
    for (const auto& resnet : resnets_) flop += resnet->flop();
    for (const auto& attention : attentions_) flop += attention->flop(positions) / positions;
    return flop;
  }

 private:
  std::vector<ResnetBlock> resnets_;
  std::vector<AttentionBlock> attentions_;
};

// Resnet, attention, resnet at the latents' resolution.
class MiddleBlock {
 public:
  MiddleBlock(torch::nn::Module& parent, int channels, NormSpec norm)
      : first_(add_module(parent, "mid_block.resnets.0", ResnetBlock(channels, channels, norm))),
        attention_(add_module(parent, "mid_block.attentions.0", AttentionBlock(channels, norm))),
        second_(add_module(parent, "mid_block.resnets.1", ResnetBlock(channels, channels, norm))) {}

  at::Tensor forward(const at::Tensor& h) { return second_(attention_(first_(h))); }
  double flop(double positions) const {
    return first_->flop() + second_->flop() + attention_->flop(positions) / positions;
  }

 private:
  ResnetBlock first_;
  AttentionBlock attention_;
  ResnetBlock second_;
};

}  // namespace

struct DiffusersEncoderImpl::Layers {
  std::vector<Block> blocks;
  std::vector<DownsampleConv> downsamplers;  // after every block but the last
  std::optional<MiddleBlock> middle;
  Conv in{nullptr}, out{nullptr};
  Norm norm{nullptr};
};

DiffusersEncoderImpl::DiffusersEncoderImpl(const DiffusersAutoencoderConfig& config, int moments)
    : layers_(std::make_shared<Layers>()) {
  const std::vector<int>& widths = config.block_out_channels;
  const NormSpec norm = norm_of(config);
  layers_->in = register_module("conv_in", Conv(config.in_channels, widths[0], 3));
  for (std::size_t i = 0; i < widths.size(); ++i) {
    const std::string path = fmt::format("down_blocks.{}", i);
    layers_->blocks.emplace_back(*this, path, widths[i == 0 ? 0 : i - 1], widths[i],
                                 config.layers_per_block, config.down_attention[i], norm);
    if (i + 1 < widths.size())
      layers_->downsamplers.push_back(
          add_module(*this, path + ".downsamplers.0.conv", DownsampleConv(widths[i])));
  }
  layers_->middle.emplace(*this, widths.back(), norm);
  layers_->norm = register_module("conv_norm_out", Norm(widths.back(), norm));
  layers_->out = register_module("conv_out", Conv(widths.back(), moments, 3));
}

at::Tensor DiffusersEncoderImpl::forward(at::Tensor x) {
  x = layers_->in(x);
  for (std::size_t i = 0; i < layers_->blocks.size(); ++i) {
    x = layers_->blocks[i].forward(x);
    if (i < layers_->downsamplers.size()) x = layers_->downsamplers[i](x);
  }
  return layers_->out(layers_->norm->silu(layers_->middle->forward(x)));
}

struct DiffusersDecoderImpl::Layers {
  std::optional<MiddleBlock> middle;
  std::vector<Block> blocks;  // from the latents' resolution to the pixels'
  std::vector<Upsample> upsamplers;
  Conv in{nullptr}, out{nullptr};
  Norm norm{nullptr};
};

DiffusersDecoderImpl::DiffusersDecoderImpl(const DiffusersAutoencoderConfig& config)
    : layers_(std::make_shared<Layers>()) {
  const std::vector<int> widths(config.block_out_channels.rbegin(),
                                config.block_out_channels.rend());
  const NormSpec norm = norm_of(config);
  layers_->in = register_module("conv_in", Conv(config.latent_channels, widths[0], 3));
  layers_->middle.emplace(*this, widths[0], norm);
  for (std::size_t i = 0; i < widths.size(); ++i) {
    const std::string path = fmt::format("up_blocks.{}", i);
    layers_->blocks.emplace_back(*this, path, widths[i == 0 ? 0 : i - 1], widths[i],
                                 config.layers_per_block + 1, config.up_attention[i], norm);
    if (i + 1 < widths.size())
      layers_->upsamplers.push_back(add_module(*this, path + ".upsamplers.0", Upsample(widths[i])));
  }
  layers_->norm = register_module("conv_norm_out", Norm(widths.back(), norm));
  layers_->out = register_module("conv_out", Conv(widths.back(), config.out_channels, 3));
}

at::Tensor DiffusersDecoderImpl::forward(at::Tensor z) {
  z = layers_->middle->forward(layers_->in(z));
  for (std::size_t i = 0; i < layers_->blocks.size(); ++i) {
    z = layers_->blocks[i].forward(z);
    if (i < layers_->upsamplers.size()) z = layers_->upsamplers[i](z);
  }
  return layers_->out(layers_->norm->silu(z));
}

double DiffusersDecoderImpl::flop_per_cell(double cells) const {
  double flop = layers_->in->flop_per_position() + layers_->middle->flop(cells);
  double positions = 1;  // a cell
  for (std::size_t i = 0; i < layers_->blocks.size(); ++i) {
    flop += positions * layers_->blocks[i].flop(positions * cells);
    if (i == layers_->upsamplers.size()) break;
    flop += positions * layers_->upsamplers[i]->flop();
    positions *= 4;
  }
  return flop + positions * layers_->out->flop_per_position();
}

DiffusersAutoencoder::DiffusersAutoencoder(DiffusersAutoencoderConfig config,
                                           BottleneckChannels channels)
    : config_(std::move(config)) {
  encoder_ = register_module("encoder", DiffusersEncoder(config_, channels.encoded));
  decoder_ = register_module("decoder", DiffusersDecoder(config_));
  quant_ = register_module("quant_conv", Conv(channels.encoded, channels.quantised, 1));
  post_quant_ =
      register_module("post_quant_conv", Conv(channels.decoded, config_.latent_channels, 1));
}

at::Tensor DiffusersAutoencoder::encoded(const at::Tensor& image) {
  return quant_(encoder_(image.to(dtype_, false, false, at::MemoryFormat::ChannelsLast)))
      .to(at::kFloat);
}

at::Tensor DiffusersAutoencoder::decoded(const at::Tensor& latents) {
  return decoder_(post_quant_(latents.to(dtype_, false, false, at::MemoryFormat::ChannelsLast)))
      .to(at::kFloat);
}

double DiffusersAutoencoder::gflop_per_decoded_cell() const {
  constexpr double kWindow = 64 * 64;
  return (post_quant_->flop_per_position() + decoder_->flop_per_cell(kWindow)) * 1e-9;
}

void DiffusersAutoencoder::prepare_inference(DType dtype) {
  convert_for_inference(*this, dtype);
  dtype_ = scalar_type(dtype);
  eval();
}

}  // namespace histoloom
