// Reads the config.json that diffusers publishes beside its weights. Settings that this version
// computes otherwise are refused by name (UserError); those that say nothing about the network
// (sample_size, scaling_factor, …) are passed over.
#pragma once

#include "histoloom/networks/diffusers_autoencoder_config.h"
#include "histoloom/networks/unet_2d_condition_config.h"
#include "histoloom/networks/vq_model_config.h"
#include "network_config.h"

namespace histoloom {

DiffusersAutoencoderConfig autoencoder_kl_config(NetworkConfig& json);
VQModelConfig vq_model_config(NetworkConfig& json);
// Beside the published settings: "labels", how many contexts the weights hold ('none' included),
// and "context_tokens", how long they are.
UNet2DConditionConfig unet_2d_condition_config(NetworkConfig& json);

}  // namespace histoloom
