// VQModel: a latent cell is an entry of a codebook (VQ-f8 of latent diffusion and of Niehues).
//
// Latents are what the encoder says, so that a denoiser works on continuous values; decoding takes
// the nearest entry of the codebook for every cell first.
#pragma once

#include <torch/nn/modules/embedding.h>

#include "diffusers_autoencoder.h"
#include "histoloom/networks/vq_model_config.h"

namespace histoloom {

class VQModel final : public DiffusersAutoencoder {
 public:
  explicit VQModel(const VQModelConfig& config);

  at::Tensor encode(const at::Tensor& image) override { return encoded(image); }
  at::Tensor decode(const at::Tensor& latents) override { return decoded(quantised(latents)); }
  // As decode(), of latents as they are.
  at::Tensor decode_not_quantised(const at::Tensor& latents) { return decoded(latents); }
  // The latents as they are (decode() lets gradients pass through to them), and the distance
  // between them and their entries: the encoder's at a quarter, the codebook's in full (van den
  // Oord et al. 2017, equation 3).
  at::Tensor encode_for_training(const at::Tensor& image, at::Tensor& regularisation) override;
  int channels() const override { return static_cast<int>(codebook_->weight.size(1)); }
  void prepare_inference(DType dtype) override;

 private:
  // The nearest entry of the codebook, cell by cell, [B, C, h, w].
  at::Tensor nearest(const at::Tensor& latents);
  // The same, with gradients passed to `latents` as if nothing had happened.
  at::Tensor quantised(const at::Tensor& latents);

  torch::nn::Embedding codebook_{nullptr};
};

}  // namespace histoloom
