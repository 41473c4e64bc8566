// The autoencoder: pixels to latents and back.
#pragma once

#include <filesystem>

#include "histoloom/networks/dtype.h"
#include "histoloom/networks/parameters.h"

namespace histoloom {

class Autoencoder {
 public:
  virtual ~Autoencoder() = default;

  // Loads the weights file that model.json names, as Denoiser::load() does.
  virtual void load(const std::filesystem::path& weights);

  // Latent means of images in [0, 1]: float32 [B, 3, H, W] becomes float32 [B, C, H / f, W / f]. H
  // and W are multiples of the downsampling factor f. Not normalised (the bundle's scale does
  // that).
  virtual at::Tensor encode(const at::Tensor& image) = 0;
  // Images, float32 [B, 3, h·f, w·f], of latents [B, C, h, w]; about [0, 1], not clipped.
  virtual at::Tensor decode(const at::Tensor& latents) = 0;
  // Latents sampled from the encoder's distribution, and the loss that regularises it (a scalar):
  // for training.
  virtual at::Tensor encode_for_training(const at::Tensor& image, at::Tensor& regularisation) = 0;

  virtual int channels() const = 0;
  virtual int downsampling() const = 0;
  // Multiplies and adds for decoding one latent cell, in units of 1e9.
  virtual double gflop_per_decoded_cell() const = 0;

  virtual NamedTensors parameters() = 0;
  virtual void set_training_dtype(DType dtype) = 0;
  virtual void prepare_inference(DType dtype) = 0;
};

}  // namespace histoloom
