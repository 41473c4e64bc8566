#include "histoloom/networks/latent_space.h"

#include <gtest/gtest.h>

#include "histoloom/networks/inference_thread.h"
#include "histoloom/networks/pixel_shuffle_autoencoder_config.h"
#include "networks/test_model.h"

namespace histoloom {
namespace {

TEST(MeanLatent, IsNormalisedChannelByChannel) {
  const LatentSpaceSpec space{.channels = 4,
                              .downsampling = 8,
                              .mean = {0.1f, 0, -0.5f, 2},
                              .deviation = {1, 0.5f, 2, 0.1f}};
  const auto autoencoder = make_pixel_shuffle_autoencoder({4, 8, 8, 1, 1});
  randomise(autoencoder->parameters(), 2);
  autoencoder->prepare_inference(DType::float32);
  const InferenceThread inference;
  std::vector<std::uint8_t> rgb(3 * 16 * 24);
  for (std::size_t i = 0; i < rgb.size(); ++i) rgb[i] = static_cast<std::uint8_t>(i * 37 % 256);
  const std::vector<float> got = mean_latent(space, *autoencoder, rgb, {16, 24});

  // The same by hand, channel planes filled value by value.
  at::Tensor image = at::zeros({1, 3, 24, 16});
  auto planes = image.accessor<float, 4>();
  for (int y = 0; y < 24; ++y)
    for (int x = 0; x < 16; ++x)
      for (int c = 0; c < 3; ++c)
        planes[0][c][y][x] =
            static_cast<float>(rgb[static_cast<std::size_t>((y * 16 + x) * 3 + c)]) / 255.0f;
  const at::Tensor z = autoencoder->encode(image);
  ASSERT_EQ(got.size(), 4u);
  for (int c = 0; c < 4; ++c) {
    const auto i = static_cast<std::size_t>(c);
    const float mean = z[0][c].mean().item<float>();
    EXPECT_NEAR(got[i], (mean - space.mean[i]) / space.deviation[i], 1e-4f);
  }
}

}  // namespace
}  // namespace histoloom
