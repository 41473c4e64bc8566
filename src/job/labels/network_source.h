// What a job's stages take their networks from.
#pragma once

#include <cstddef>

namespace histoloom {

class Autoencoder;
class Denoiser;

// Each call may load a network and gives back the one before, so that a reference is good until the
// next call. One thread at a time.
class NetworkSource {
 public:
  virtual ~NetworkSource() = default;
  virtual Autoencoder& autoencoder() = 0;
  virtual Denoiser& denoiser() = 0;        // of the image
  virtual Denoiser& label_denoiser() = 0;  // of the labels
  // Of a coarser stage of the image, 0 the coarsest.
  virtual Autoencoder& coarser_autoencoder(std::size_t stage) = 0;
  virtual Denoiser& coarser_denoiser(std::size_t stage) = 0;
};

}  // namespace histoloom
