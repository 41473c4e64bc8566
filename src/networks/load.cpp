#include <ATen/ATen.h>

#include "histoloom/networks/autoencoder.h"
#include "histoloom/networks/denoiser.h"

namespace histoloom {

void Denoiser::load(const std::filesystem::path& weights) {
  load_parameters(parameters(), weights);
}

void Autoencoder::load(const std::filesystem::path& weights) {
  load_parameters(parameters(), weights);
}

}  // namespace histoloom
