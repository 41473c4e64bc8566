// What AutoencoderKL and VQModel (diffusers 0.14; Rombach et al. 2022) have in common: encoder,
// decoder, and 1×1 convolutions on both sides of the latents. Both compute exactly what the
// published networks do: images go in and come out as they are, and which range of pixels that is
// ([0, 1] or [−1, 1]) the bundle knows.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <vector>

#include "diffusers_attention.h"
#include "diffusers_layers.h"
#include "histoloom/networks/autoencoder.h"
#include "histoloom/networks/diffusers_autoencoder_config.h"

namespace histoloom {

// Resnets with attention between them; either a halving or a doubling of the size at the end.
class DiffusersEncoderImpl final : public torch::nn::Module {
 public:
  // `moments` channels come out: means, or means and log variances.
  DiffusersEncoderImpl(const DiffusersAutoencoderConfig& config, int moments);
  at::Tensor forward(at::Tensor x);

 private:
  struct Layers;
  std::shared_ptr<Layers> layers_;
};
TORCH_MODULE(DiffusersEncoder);

class DiffusersDecoderImpl final : public torch::nn::Module {
 public:
  explicit DiffusersDecoderImpl(const DiffusersAutoencoderConfig& config);
  at::Tensor forward(at::Tensor z);
  // Multiplies and adds for one latent cell of a window of `cells` cells, which attention sees.
  double flop_per_cell(double cells) const;

 private:
  struct Layers;
  std::shared_ptr<Layers> layers_;
};
TORCH_MODULE(DiffusersDecoder);

// Channels on the way from encoder to decoder.
struct BottleneckChannels {
  int encoded;    // out of the encoder, into quant_conv
  int quantised;  // out of quant_conv
  int decoded;    // into post_quant_conv
};

class DiffusersAutoencoder : public Autoencoder, public torch::nn::Module {
 public:
  DiffusersAutoencoder(DiffusersAutoencoderConfig config, BottleneckChannels channels);

  int downsampling() const override { return 1 << (config_.block_out_channels.size() - 1); }
  // Attention grows with the window: counted for one of 64 × 64 cells, 512 px at downsampling 8.
  double gflop_per_decoded_cell() const override;
  NamedTensors parameters() override { return parameters_of(*this); }
  void set_training_dtype(DType dtype) override { dtype_ = scalar_type(dtype); }
  void prepare_inference(DType dtype) override;

 protected:
  // What quant_conv makes of images [B, in_channels, H, W], float32.
  at::Tensor encoded(const at::Tensor& image);
  // Images, float32, of what goes into post_quant_conv.
  at::Tensor decoded(const at::Tensor& latents);

 private:
  DiffusersAutoencoderConfig config_;
  at::ScalarType dtype_ = at::kFloat;
  DiffusersEncoder encoder_{nullptr};
  DiffusersDecoder decoder_{nullptr};
  Conv quant_{nullptr}, post_quant_{nullptr};
};

}  // namespace histoloom
