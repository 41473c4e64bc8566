#include "histoloom/networks/latent_space.h"

#include <ATen/ATen.h>

#include "histoloom/networks/inference_thread.h"
#include "rgb_tensor.h"

namespace histoloom {

std::vector<float> mean_latent(const LatentSpaceSpec& latent, Autoencoder& autoencoder,
                               const std::vector<std::uint8_t>& rgb, PixelSize size) {
  const InferenceThread inference;
  const at::Tensor mean = autoencoder.encode(rgb_tensor(rgb.data(), size)).mean({0, 2, 3});
  std::vector<float> out;
  for (std::int64_t c = 0; c < mean.numel(); ++c) {
    const auto i = static_cast<std::size_t>(c);
    out.push_back((mean[c].item<float>() - latent.mean[i]) / latent.deviation[i]);
  }
  return out;
}

}  // namespace histoloom
