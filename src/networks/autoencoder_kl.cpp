#include "autoencoder_kl.h"

namespace histoloom {

AutoencoderKL::AutoencoderKL(const DiffusersAutoencoderConfig& config)
    : DiffusersAutoencoder(
          config, {2 * config.latent_channels, 2 * config.latent_channels, config.latent_channels}),
      channels_(config.latent_channels) {}

LatentDistribution AutoencoderKL::distribution(const at::Tensor& image) {
  const auto parts = encoded(image).chunk(2, 1);
  return {parts[0], parts[1].clamp(-30.0, 20.0)};
}

at::Tensor AutoencoderKL::encode_for_training(const at::Tensor& image, at::Tensor& regularisation) {
  const auto [mean, logvar] = distribution(image);
  // Kullback-Leibler divergence from the standard normal, a mean over all latents.
  regularisation = 0.5 * (mean.square() + logvar.exp() - 1.0 - logvar).mean();
  return mean + at::exp(0.5 * logvar) * at::randn_like(mean);
}

std::unique_ptr<Autoencoder> make_autoencoder_kl(const DiffusersAutoencoderConfig& config) {
  return std::make_unique<AutoencoderKL>(config);
}

}  // namespace histoloom
