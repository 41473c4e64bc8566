#include "pixel_shuffle_autoencoder.h"

#include <fmt/format.h>

namespace histoloom {

namespace {
constexpr int kStem = 4;  // pixels a side that the stem folds into channels
constexpr int kStemChannels = 3 * kStem * kStem;
}  // namespace

PlainBlockImpl::PlainBlockImpl(int width) {
  conv1_ = register_module("conv1", Conv(width, width, 3));
  conv2_ = register_module("conv2", Conv(width, width, 3, 1, 0.0));
}

at::Tensor PlainBlockImpl::forward(const at::Tensor& x) {
  return x + conv2_(at::silu(conv1_(at::silu(x))));
}

PixelShuffleAutoencoder::PixelShuffleAutoencoder(PixelShuffleAutoencoderConfig config)
    : config_(config) {
  const int fine = config.fine_width, coarse = config.coarse_width, c = config.latent_channels;
  const auto blocks = [this](const char* name, int count, int width) {
    std::vector<PlainBlock> out;
    for (int i = 0; i < count; ++i)
      out.push_back(register_module(fmt::format("{}{}", name, i), PlainBlock(width)));
    return out;
  };
  encoder_input_ = register_module("encoder_input", Conv(kStemChannels, fine, 3));
  encoder_fine_ = blocks("encoder_fine", config.fine_blocks, fine);
  encoder_shrink_ = register_module("encoder_shrink", Conv(fine, coarse, 3, 2));
  encoder_coarse_ = blocks("encoder_coarse", config.coarse_blocks, coarse);
  encoder_output_ = register_module("encoder_output", Conv(coarse, 2 * c, 3));
  decoder_input_ = register_module("decoder_input", Conv(c, coarse, 3));
  decoder_coarse_ = blocks("decoder_coarse", config.coarse_blocks, coarse);
  decoder_grow_ = register_module("decoder_grow", Conv(coarse, 4 * fine, 1));
  decoder_fine_ = blocks("decoder_fine", config.fine_blocks, fine);
  decoder_output_ = register_module("decoder_output", Conv(fine, kStemChannels, 3));
}

at::Tensor PixelShuffleAutoencoder::moments(const at::Tensor& image) {
  at::Tensor h = at::pixel_unshuffle(image * 2 - 1, kStem)
                     .to(dtype_, false, false, at::MemoryFormat::ChannelsLast);
  h = encoder_input_(h);
  for (auto& block : encoder_fine_) h = block(h);
  h = encoder_shrink_(h);
  for (auto& block : encoder_coarse_) h = block(h);
  return encoder_output_(at::silu(h)).to(at::kFloat);
}

at::Tensor PixelShuffleAutoencoder::encode(const at::Tensor& image) {
  return moments(image).chunk(2, 1)[0];
}

at::Tensor PixelShuffleAutoencoder::encode_for_training(const at::Tensor& image,
                                                        at::Tensor& regularisation) {
  const auto parts = moments(image).chunk(2, 1);
  const at::Tensor logvar = parts[1].clamp(-30.0, 20.0);
  // Kullback-Leibler divergence from the standard normal, a mean over all latents.
  regularisation = 0.5 * (parts[0].square() + logvar.exp() - 1.0 - logvar).mean();
  return parts[0] + at::exp(0.5 * logvar) * at::randn_like(parts[0]);
}

at::Tensor PixelShuffleAutoencoder::decode(const at::Tensor& latents) {
  at::Tensor h = decoder_input_(latents.to(dtype_, false, false, at::MemoryFormat::ChannelsLast));
  for (auto& block : decoder_coarse_) h = block(h);
  h = at::pixel_shuffle(decoder_grow_(h), 2).contiguous(at::MemoryFormat::ChannelsLast);
  for (auto& block : decoder_fine_) h = block(h);
  return at::pixel_shuffle(decoder_output_(at::silu(h)).to(at::kFloat), kStem) * 0.5 + 0.5;
}

double PixelShuffleAutoencoder::gflop_per_decoded_cell() const {
  double flop = decoder_input_->flop_per_position() + decoder_grow_->flop_per_position() +
                4 * decoder_output_->flop_per_position();
  for (const auto& block : decoder_coarse_) flop += block->flop_per_position();
  for (const auto& block : decoder_fine_) flop += 4 * block->flop_per_position();
  return flop * 1e-9;
}

void PixelShuffleAutoencoder::prepare_inference(DType dtype) {
  convert_for_inference(*this, dtype);
  dtype_ = scalar_type(dtype);
  eval();
}

std::unique_ptr<Autoencoder> make_pixel_shuffle_autoencoder(
    const PixelShuffleAutoencoderConfig& config) {
  return std::make_unique<PixelShuffleAutoencoder>(config);
}

}  // namespace histoloom
