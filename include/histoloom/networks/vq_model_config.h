// The configuration of vq_model: an autoencoder with a codebook (diffusers 0.14).
#pragma once

#include <memory>

#include "histoloom/networks/autoencoder.h"
#include "histoloom/networks/diffusers_autoencoder_config.h"

namespace histoloom {

struct VQModelConfig {
  DiffusersAutoencoderConfig autoencoder;
  int num_vq_embeddings = 256;
  int vq_embed_dim = 4;
};

// Makes the network with fresh weights.
std::unique_ptr<Autoencoder> make_vq_model(const VQModelConfig& config);

}  // namespace histoloom
