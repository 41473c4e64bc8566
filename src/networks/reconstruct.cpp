#include "histoloom/networks/reconstruct.h"

#include "histoloom/networks/inference_thread.h"
#include "rgb_tensor.h"

namespace histoloom {

std::vector<std::uint8_t> reconstruct(Autoencoder& autoencoder,
                                      const std::vector<std::uint8_t>& rgb, PixelSize size) {
  const InferenceThread inference;
  const at::Tensor image = autoencoder.decode(autoencoder.encode(rgb_tensor(rgb.data(), size)));
  const at::Tensor bytes =
      (image.clamp(0, 1) * 255).round().to(at::kByte).permute({0, 2, 3, 1}).contiguous();
  return {bytes.data_ptr<std::uint8_t>(), bytes.data_ptr<std::uint8_t>() + bytes.numel()};
}

}  // namespace histoloom
