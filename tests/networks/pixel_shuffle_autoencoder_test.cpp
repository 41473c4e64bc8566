#include "pixel_shuffle_autoencoder.h"

#include <gtest/gtest.h>

#include <thread>

#include "histoloom/networks/inference_thread.h"
#include "networks/test_model.h"

namespace histoloom {
namespace {

PixelShuffleAutoencoderConfig small_shuffle_config() { return {5, 16, 24, 1, 2}; }

// Cells from which a decoded pixel takes anything: 3×3 convolutions at an eighth of the
// resolution, then at a quarter.
int reach_of(const PixelShuffleAutoencoderConfig& c) {
  return 1 + 2 * c.coarse_blocks + (2 * c.fine_blocks + 1 + 1) / 2;
}

std::unique_ptr<PixelShuffleAutoencoder> make_network(const PixelShuffleAutoencoderConfig& c) {
  auto network = std::make_unique<PixelShuffleAutoencoder>(c);
  randomise(network->parameters(), 21);
  return network;
}

at::Tensor decode(Autoencoder& network, const at::Tensor& latents) {
  const InferenceThread inference;
  return network.decode(latents);
}

TEST(PixelShuffleAutoencoder, EightPixelsASideAreOneCell) {
  const auto network = make_network(small_shuffle_config());
  const InferenceThread inference;
  at::manual_seed(1);
  for (const auto& [h, w] : {std::pair{8, 8}, {64, 40}, {16, 200}}) {
    const at::Tensor image = at::rand({2, 3, h, w});
    const at::Tensor z = network->encode(image);
    EXPECT_EQ(z.sizes(), (at::IntArrayRef{2, 5, h / 8, w / 8}));
    EXPECT_EQ(network->decode(z).sizes(), image.sizes());
    EXPECT_EQ(network->decode(z).scalar_type(), at::kFloat);
  }
}

TEST(PixelShuffleAutoencoder, APixelDoesNotDependOnWhatLiesBeyondItsReach) {
  const auto network = make_network(small_shuffle_config());
  const int reach = reach_of(small_shuffle_config());
  at::manual_seed(2);
  at::Tensor latents = at::randn({1, 5, 32, 32});
  const at::Tensor before = decode(*network, latents);
  latents.narrow(3, 0, 4) = at::randn({1, 5, 32, 4}) * 100;  // columns 0 to 3
  const at::Tensor after = decode(*network, latents);
  const std::int64_t first = 8 * (3 + reach + 1);
  EXPECT_TRUE(at::equal(before.slice(3, first), after.slice(3, first)));
  EXPECT_FALSE(at::equal(before.slice(3, 0, first), after.slice(3, 0, first)));
}

TEST(PixelShuffleAutoencoder, AWindowAgreesWithALargerOneInItsInterior) {
  const auto network = make_network(small_shuffle_config());
  const int reach = reach_of(small_shuffle_config());
  at::manual_seed(3);
  const at::Tensor latents = at::randn({1, 5, 40, 36});
  const at::Tensor whole = decode(*network, latents);
  const at::Tensor window =
      decode(*network, latents.slice(2, 5, 33).slice(3, 3, 27).contiguous());  // 28 × 24 cells
  const auto interior = [&](const at::Tensor& t, int y, int x) {
    return t.slice(2, 8 * (y + reach), 8 * (y + 28 - reach))
        .slice(3, 8 * (x + reach), 8 * (x + 24 - reach));
  };
  const at::Tensor a = interior(whole, 5, 3), b = interior(window, 0, 0);
  ASSERT_GT(a.numel(), 0);
  EXPECT_LT((a - b).abs().max().item<float>(), 1e-5f * a.abs().max().item<float>());
}

TEST(PixelShuffleAutoencoder, AWindowsBitsDoNotDependOnItsBatchOrThread) {
  for (const DType dtype : {DType::float32, DType::bfloat16}) {
    const auto network = make_network(PixelShuffleAutoencoderConfig{});
    network->prepare_inference(dtype);
    at::manual_seed(4);
    const at::Tensor latents = at::randn({4, 8, 32, 32});
    const at::Tensor expected = decode(*network, latents);
    const at::Tensor order = at::tensor({2, 0, 3, 3}, at::kLong);
    EXPECT_TRUE(at::equal(decode(*network, latents.index({order})), expected.index({order})));
    std::vector<at::Tensor> results(2);
    std::vector<std::thread> threads;
    for (at::Tensor& result : results)
      threads.emplace_back([&] { result = decode(*network, latents); });
    for (std::thread& thread : threads) thread.join();
    for (const at::Tensor& result : results) EXPECT_TRUE(at::equal(result, expected));
  }
}

TEST(PixelShuffleAutoencoder, Bfloat16IsWithinTwoPercentOfFloat32) {
  const PixelShuffleAutoencoderConfig config;
  const auto full = make_network(config), half = make_network(config);
  full->prepare_inference(DType::float32);
  half->prepare_inference(DType::bfloat16);
  at::manual_seed(5);
  const InferenceThread inference;
  const at::Tensor image = at::rand({2, 3, 64, 64}), latents = at::randn({2, 8, 8, 8});
  const auto relative = [](const at::Tensor& a, const at::Tensor& b) {
    return ((a - b).square().mean() / b.square().mean()).sqrt().item<double>();
  };
  EXPECT_LT(relative(half->encode(image), full->encode(image)), 0.02);
  EXPECT_LT(relative(half->decode(latents), full->decode(latents)), 0.02);
}

TEST(PixelShuffleAutoencoder, TrainingSamplesScatterAroundTheMean) {
  const auto network = make_network(small_shuffle_config());
  at::NoGradGuard no_grad;
  at::manual_seed(6);
  const at::Tensor image = at::rand({1, 3, 16, 16});
  at::Tensor sum = at::zeros({1, 5, 2, 2}), square = sum.clone(), divergence;
  constexpr int kDraws = 4000;
  for (int i = 0; i < kDraws; ++i) {
    const at::Tensor z = network->encode_for_training(image, divergence);
    sum += z;
    square += z.square();
  }
  const at::Tensor mean = sum / kDraws, variance = square / kDraws - mean.square();
  const at::Tensor exact = network->encode(image);
  EXPECT_LT(((mean - exact).abs() / (variance / kDraws).sqrt()).max().item<double>(), 5.0);
  // Kullback-Leibler of the normal that was sampled from N(0, 1), from its measured variance.
  const double expected =
      (0.5 * (exact.square() + variance - 1 - variance.log())).mean().item<double>();
  EXPECT_NEAR(divergence.item<double>() / expected, 1, 0.02);
}

TEST(PixelShuffleAutoencoder, ADecodedCellCostsWhatItsConvolutionsDo) {
  for (const auto& config : {small_shuffle_config(), PixelShuffleAutoencoderConfig{}}) {
    PixelShuffleAutoencoder network(config);
    double flop = 0;
    for (const auto& [name, weight] : network.parameters()) {
      if (weight.dim() != 4 || !name.starts_with("decoder")) continue;
      const bool quarter = name.starts_with("decoder_fine") || name.starts_with("decoder_output");
      flop += 2.0 * static_cast<double>(weight.numel()) * (quarter ? 4 : 1);
    }
    EXPECT_NEAR(network.gflop_per_decoded_cell() / (flop * 1e-9), 1, 1e-9);
  }
}

}  // namespace
}  // namespace histoloom
