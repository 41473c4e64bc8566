#include "label_map_unet.h"

#include <gtest/gtest.h>

#include <thread>

#include "histoloom/networks/inference_thread.h"
#include "networks/test_model.h"

namespace histoloom {
namespace {

// Four levels, odd widths, one block.
LabelMapUNetConfig small_unet_config() { return {3, 5, {8, 12, 16, 24}, 1, 2, 4, 16}; }
// What the default model has.
LabelMapUNetConfig default_unet_config() { return {8, 6, {64, 128, 160}, 2, 4, 8, 256}; }

struct Patches {
  at::Tensor x, time, labels;
  Patches pick(const at::Tensor& order) const {
    return {x.index({order}), time.index({order}), labels.index({order})};
  }
};

Patches random_patches(int batch, const LabelMapUNetConfig& config, int side, std::uint64_t seed) {
  at::manual_seed(seed);
  return {at::randn({batch, config.latent_channels, side, side}), at::rand({batch}) * 999,
          at::randint(config.labels, {batch, side, side}, at::kLong)};
}

std::unique_ptr<LabelMapUNet> make_network(const LabelMapUNetConfig& config) {
  auto network = std::make_unique<LabelMapUNet>(config);
  randomise(network->parameters(), 11);
  return network;
}

at::Tensor predict(Denoiser& network, const Patches& p) {
  const InferenceThread inference;
  return network.predict(p.x, p.time, p.labels);
}

TEST(LabelMapUNet, TheOutputHasTheShapeOfTheInput) {
  const auto network = make_network(small_unet_config());
  at::manual_seed(1);
  EXPECT_EQ(network->alignment(), 8);
  for (const auto& [h, w] : {std::pair{8, 8}, {8, 24}, {40, 16}}) {
    const Patches p{at::randn({2, 3, h, w}), at::tensor({0.0f, 999.0f}),
                    at::randint(5, {2, h, w}, at::kLong)};
    const at::Tensor out = predict(*network, p);
    EXPECT_EQ(out.sizes(), p.x.sizes());
    EXPECT_EQ(out.scalar_type(), at::kFloat);
    EXPECT_TRUE(at::isfinite(out).all().item<bool>());
  }
}

TEST(LabelMapUNet, FoldingIsTheSameNetworkOnFoldedLatents) {
  LabelMapUNetConfig config{3, 5, {8, 16}, 1, 2, 4, 16};
  LabelMapUNetConfig wide = config;
  wide.latent_channels *= 4;
  wide.labels = 1 + 4 * (config.labels - 1);
  config.fold = 2;
  const auto folded = make_network(config), plain = make_network(wide);
  EXPECT_EQ(folded->alignment(), 4);
  {
    // Without a condition the projections of labels, which alone differ in shape, are not used.
    at::NoGradGuard no_grad;
    const NamedTensors from = folded->parameters();
    NamedTensors to = plain->parameters();
    for (std::size_t i = 0; i < from.size(); ++i)
      if (from[i].second.sizes() == to[i].second.sizes()) to[i].second.copy_(from[i].second);
  }
  Patches p = random_patches(2, config, 16, 8);
  p.labels.zero_();
  const at::Tensor expected = at::pixel_shuffle(
      predict(*plain, {at::pixel_unshuffle(p.x, 2), p.time, at::zeros({2, 8, 8}, at::kLong)}), 2);
  EXPECT_TRUE(at::allclose(predict(*folded, p), expected, 1e-5, 1e-6));
}

TEST(LabelMapUNet, FoldedLabelsOfEveryCellMatter) {
  LabelMapUNetConfig config{3, 5, {8, 16}, 1, 2, 4, 16};
  config.fold = 2;
  const auto network = make_network(config);
  Patches p = random_patches(1, config, 8, 9);
  p.labels.zero_();
  const at::Tensor none = predict(*network, p);
  std::vector<at::Tensor> outputs;
  for (const std::int64_t cell : {0, 1, 8, 9}) {  // one folded square
    p.labels.zero_();
    p.labels.view({-1})[cell] = 2;
    outputs.push_back(predict(*network, p));
    EXPECT_GT((outputs.back() - none).abs().max().item<float>(), 1e-3f);
    EXPECT_FALSE(at::allclose(outputs.back(), outputs.front(), 0, 1e-4) && cell > 0);
  }
}

TEST(LabelMapUNet, AFoldedNetworkTakesAQuarterOfTheWork) {
  LabelMapUNetConfig config = default_unet_config();
  const double whole = LabelMapUNet(config).gflop_per_evaluation(64);
  config.fold = 2;
  EXPECT_LT(LabelMapUNet(config).gflop_per_evaluation(64), 0.27 * whole);
}

TEST(LabelMapUNet, AFreshNetworkPredictsZero) {
  LabelMapUNet network(small_unet_config());
  const Patches p = random_patches(1, small_unet_config(), 16, 2);
  EXPECT_EQ(predict(network, p).abs().max().item<float>(), 0.0f);
}

TEST(LabelMapUNet, TimeAndEveryLabelMatter) {
  const auto network = make_network(small_unet_config());
  Patches p = random_patches(1, small_unet_config(), 16, 3);
  const auto differs = [&](const at::Tensor& a, const at::Tensor& b) {
    return (a - b).abs().max().item<float>() > 1e-3f;
  };
  std::vector<at::Tensor> outputs;
  for (int id = 0; id < 5; ++id) {
    p.labels.fill_(id);
    outputs.push_back(predict(*network, p));
    for (int other = 0; other < id; ++other)
      EXPECT_TRUE(differs(outputs[static_cast<std::size_t>(other)], outputs.back()));
  }
  p.time += 10;
  EXPECT_TRUE(differs(outputs.back(), predict(*network, p)));
}

TEST(LabelMapUNet, AMapOfZerosIsTheUnconditionalEvaluation) {
  const auto network = make_network(small_unet_config());
  const Patches conditional = random_patches(2, small_unet_config(), 16, 4);
  Patches none = conditional;
  none.labels = at::zeros_like(conditional.labels);
  const at::Tensor before = predict(*network, none);
  const at::Tensor conditional_before = predict(*network, conditional);
  // Without a condition nothing that the network has learnt about labels is used: neither the
  // blocks' projections nor the channels of the input beyond the latents.
  at::NoGradGuard no_grad;
  for (auto& [name, parameter] : network->parameters()) {
    if (name.ends_with("label.weight")) parameter.mul_(-3);
    if (name == "input.weight") parameter.narrow(1, 3, 4).mul_(-3);
  }
  EXPECT_TRUE(at::equal(before, predict(*network, none)));
  EXPECT_FALSE(at::equal(conditional_before, predict(*network, conditional)));
}

// ---- A patch's bits are its own.

class BatchIndependence : public testing::TestWithParam<DType> {
 protected:
  static constexpr int kBatch = 8;
  BatchIndependence() {
    network_->prepare_inference(GetParam());
    expected_ = predict(*network_, patches_);
  }

  const std::unique_ptr<LabelMapUNet> network_ = make_network(default_unet_config());
  const Patches patches_ = random_patches(kBatch, default_unet_config(), 32, 5);
  at::Tensor expected_;
};

TEST_P(BatchIndependence, OfItsPlace) {
  const at::Tensor order = at::tensor({5, 2, 7, 0, 3, 6, 1, 4}, at::kLong);
  EXPECT_TRUE(at::equal(predict(*network_, patches_.pick(order)), expected_.index({order})));
}

TEST_P(BatchIndependence, OfItsNeighbours) {
  for (const int kept : {0, 3, 7}) {
    // The others are copies of it, as in a padded batch, or huge numbers.
    const at::Tensor copies = at::full({kBatch}, kept, at::kLong);
    EXPECT_TRUE(at::equal(predict(*network_, patches_.pick(copies))[0], expected_[kept]));
    Patches others = random_patches(kBatch, default_unet_config(), 32, 6);
    others.x *= 100;
    others.x[kept] = patches_.x[kept];
    others.time[kept] = patches_.time[kept];
    others.labels[kept] = patches_.labels[kept];
    EXPECT_TRUE(at::equal(predict(*network_, others)[kept], expected_[kept])) << kept;
  }
}

TEST_P(BatchIndependence, OfTheThreadsThatCall) {
  std::vector<at::Tensor> results(3);
  std::vector<std::thread> threads;
  for (at::Tensor& result : results)
    threads.emplace_back([&] { result = predict(*network_, patches_); });
  for (std::thread& thread : threads) thread.join();
  for (const at::Tensor& result : results) EXPECT_TRUE(at::equal(result, expected_));
}

INSTANTIATE_TEST_SUITE_P(DTypes, BatchIndependence,
                         testing::Values(DType::float32, DType::bfloat16), [](const auto& test) {
                           return test.param == DType::float32 ? "float32" : "bfloat16";
                         });

TEST(LabelMapUNet, Bfloat16IsWithinTwoPercentOfFloat32) {
  const auto full = make_network(default_unet_config()), half = make_network(default_unet_config());
  full->prepare_inference(DType::float32);
  half->prepare_inference(DType::bfloat16);
  const Patches p = random_patches(2, default_unet_config(), 32, 7);
  const at::Tensor expected = predict(*full, p);
  const at::Tensor error = predict(*half, p) - expected;
  EXPECT_LT((error.square().mean() / expected.square().mean()).sqrt().item<double>(), 0.02);
}

TEST(GroupNorm, InBfloat16IsThatOfFloat32ButForRounding) {
  at::manual_seed(8);
  at::NoGradGuard no_grad;
  GroupNorm norm(8, 64);
  randomise(parameters_of(*norm), 9);
  for (const int side : {8, 32, 64}) {
    for (const double mean : {0.0, 0.5, 2.0}) {
      const at::Tensor x = (at::randn({2, 64, side, side}) + mean)
                               .to(at::kBFloat16)
                               .contiguous(at::MemoryFormat::ChannelsLast);
      const at::Tensor expected = norm(x.to(at::kFloat)), got = norm(x);
      EXPECT_EQ(got.scalar_type(), at::kBFloat16);
      EXPECT_TRUE(got.is_contiguous(at::MemoryFormat::ChannelsLast));
      const at::Tensor error = got.to(at::kFloat) - expected;
      EXPECT_LT((error.square().mean() / expected.square().mean()).sqrt().item<double>(), 0.01)
          << side << " a side, mean " << mean;
    }
  }
}

// ---- What an evaluation costs, counted from the weights' shapes and the names of the levels.

double counted_gflop(LabelMapUNet& network, const LabelMapUNetConfig& config, int side) {
  const auto levels = static_cast<int>(config.widths.size());
  const auto positions = [&](int level) {
    return static_cast<double>(side >> level) * (side >> level);
  };
  double flop = 4 * positions(levels - 1) * positions(levels - 1) * config.widths.back();
  for (const auto& [name, weight] : network.parameters()) {
    if (weight.dim() != 4) continue;
    int level = 0;  // of the convolution's output
    if (name.starts_with("middle") || name.starts_with("attention")) level = levels - 1;
    const auto number = [&](std::size_t at) { return name[at] - '0'; };
    if (name.starts_with("down")) level = number(4);
    if (name.starts_with("up")) level = number(2);
    if (name.starts_with("shrink")) level = number(6) + 1;
    if (name.starts_with("grow")) level = number(4) - 1;
    flop += 2.0 * static_cast<double>(weight.numel()) * positions(level);
  }
  return flop * 1e-9;
}

TEST(LabelMapUNet, ItsCostIsThatOfItsConvolutionsAndAttention) {
  for (const auto& config : {small_unet_config(), default_unet_config(), LabelMapUNetConfig{}}) {
    LabelMapUNet network(config);
    for (const int side : {8, 32, 64})
      EXPECT_NEAR(network.gflop_per_evaluation(side) / counted_gflop(network, config, side), 1,
                  1e-9);
  }
}

TEST(LabelMapUNet, TheDefaultModelsEvaluationCostsAtMostThreeGflop) {
  EXPECT_LE(LabelMapUNet(default_unet_config()).gflop_per_evaluation(32), 3.0);
  EXPECT_GE(LabelMapUNet(default_unet_config()).gflop_per_evaluation(32), 1.0);
}

}  // namespace
}  // namespace histoloom
