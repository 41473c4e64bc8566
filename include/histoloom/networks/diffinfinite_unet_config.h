// The configuration of diffinfinite_unet and diffinfinite_mask_unet: DiffInfinite's U-Nets (Aversa
// et al. 2023).
#pragma once

#include <memory>
#include <vector>

#include "histoloom/networks/denoiser.h"

namespace histoloom {

enum class DiffInfiniteKind { image, mask };

struct DiffInfiniteUNetConfig {
  int dim = 256;
  std::vector<int> dim_mults{1, 2, 4};
  int channels = 4;
  int num_classes = 5;
  int resnet_block_groups = 2;
  int block_per_layer = 2;  // the published code knows two
  DiffInfiniteKind kind = DiffInfiniteKind::image;
};

// Makes the network with fresh weights.
std::unique_ptr<Denoiser> make_diffinfinite_unet(const DiffInfiniteUNetConfig& config);

}  // namespace histoloom
