// Our autoencoder: pixel-shuffle stems instead of convolutions at full resolution, which dominate
// a decoder's time on a CPU. No norms: a window's tone does not depend on what else the window
// holds, so windows of a slide agree wherever they overlap beyond the receptive field.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <vector>

#include "histoloom/networks/autoencoder.h"
#include "histoloom/networks/pixel_shuffle_autoencoder_config.h"
#include "layers.h"

namespace histoloom {

// x + conv(silu(conv(silu(x)))), norm-free; the second convolution starts at zero.
class PlainBlockImpl : public torch::nn::Module {
 public:
  explicit PlainBlockImpl(int width);
  at::Tensor forward(const at::Tensor& x);
  double flop_per_position() const {
    return conv1_->flop_per_position() + conv2_->flop_per_position();
  }

 private:
  Conv conv1_{nullptr}, conv2_{nullptr};
};
TORCH_MODULE(PlainBlock);

class PixelShuffleAutoencoder final : public Autoencoder, public torch::nn::Module {
 public:
  explicit PixelShuffleAutoencoder(PixelShuffleAutoencoderConfig config);

  at::Tensor encode(const at::Tensor& image) override;
  at::Tensor decode(const at::Tensor& latents) override;
  at::Tensor encode_for_training(const at::Tensor& image, at::Tensor& regularisation) override;
  int channels() const override { return config_.latent_channels; }
  int downsampling() const override { return 8; }
  double gflop_per_decoded_cell() const override;
  NamedTensors parameters() override { return parameters_of(*this); }
  void set_training_dtype(DType dtype) override { dtype_ = scalar_type(dtype); }
  void prepare_inference(DType dtype) override;

 private:
  at::Tensor moments(const at::Tensor& image);

  PixelShuffleAutoencoderConfig config_;
  at::ScalarType dtype_ = at::kFloat;
  Conv encoder_input_{nullptr}, encoder_shrink_{nullptr}, encoder_output_{nullptr};
  Conv decoder_input_{nullptr}, decoder_grow_{nullptr}, decoder_output_{nullptr};
  std::vector<PlainBlock> encoder_fine_, encoder_coarse_, decoder_fine_, decoder_coarse_;
};

}  // namespace histoloom
