// AutoencoderKL: a latent cell is a normal distribution (KL-f8 of Stable Diffusion and of Niehues).
#pragma once

#include "diffusers_autoencoder.h"

namespace histoloom {

// A normal distribution for every latent value, float32 [B, C, h, w] each.
struct LatentDistribution {
  at::Tensor mean;
  at::Tensor logvar;  // clamped to [−30, 20]
};

class AutoencoderKL final : public DiffusersAutoencoder {
 public:
  explicit AutoencoderKL(const DiffusersAutoencoderConfig& config);

  // The distribution of the latents of `image` [B, 3, H, W].
  LatentDistribution distribution(const at::Tensor& image);

  at::Tensor encode(const at::Tensor& image) override { return distribution(image).mean; }
  at::Tensor decode(const at::Tensor& latents) override { return decoded(latents); }
  at::Tensor encode_for_training(const at::Tensor& image, at::Tensor& regularisation) override;
  int channels() const override { return channels_; }

 private:
  int channels_;
};

}  // namespace histoloom
