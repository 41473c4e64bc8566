// UNet2DConditionModel against numbers that diffusers 0.14 computed (testdata/parity).
#include "unet_2d_condition.h"

#include <gtest/gtest.h>

#include "histoloom/model/inference_thread.h"
#include "published_names.h"
#include "test_model.h"

namespace histoloom {
namespace {

std::unique_ptr<UNet2DCondition> make_unet(const std::string& config) {
  auto any = make_denoiser("unet_2d_condition", config, "unet.json");
  return std::unique_ptr<UNet2DCondition>(dynamic_cast<UNet2DCondition*>(any.release()));
}

// The published parameters alone: the table of contexts is ours.
NamedTensors published_parameters(Denoiser& network) {
  NamedTensors parameters = network.parameters();
  std::erase_if(parameters, [](const auto& pair) { return pair.first == "context"; });
  return parameters;
}

class UNet2DConditionTest : public testing::Test {
 protected:
  // The kit's network, with the kit's contexts as labels 1, 2, … where `table` is set.
  std::unique_ptr<UNet2DCondition> published(DType dtype, bool table = false) const {
    auto config = nlohmann::json::parse(read_text(kit() / "unet_2d_condition.json"));
    if (table) {
      config["labels"] = context_.size(0) + 1;
      config["context_tokens"] = context_.size(1);
    }
    auto network = make_unet(config.dump());
    load_parameters(published_parameters(*network), kit() / "unet_2d_condition.safetensors");
    if (table) {
      torch::NoGradGuard no_grad;
      network->parameters()[0].second.slice(0, 1).copy_(context_);
    }
    network->prepare_inference(dtype);
    return network;
  }
  // A map that holds label i + 1 for image i.
  at::Tensor labels() const {
    return (at::arange(x_.size(0)) + 1).view({-1, 1, 1}).expand({-1, x_.size(2), x_.size(3)});
  }

  const SafetensorsFile io_{kit() / "unet_2d_condition_io.safetensors"};
  const at::Tensor x_ = io_.tensor("x"), time_ = io_.tensor("t").to(at::kFloat);
  const at::Tensor context_ = io_.tensor("context"), out_ = io_.tensor("out");
  const InferenceThread inference_;
};

TEST_F(UNet2DConditionTest, ReproducesThePublishedPredictionUnderAContext) {
  const auto network = published(DType::float32);
  EXPECT_LE(largest_error(network->predict_under(x_, time_, context_), out_), 1e-4);
}

TEST_F(UNet2DConditionTest, ALabelStandsForItsContext) {
  const auto network = published(DType::float32, /*table=*/true);
  EXPECT_LE(largest_error(network->predict(x_, time_, labels()), out_), 1e-4);
}

TEST_F(UNet2DConditionTest, TheLargestIdOfAMapIsItsLabelAndNoneIsTheFirstContext) {
  const auto network = published(DType::float32, /*table=*/true);
  at::Tensor sparse = at::zeros_like(labels());
  sparse.select(2, 3).copy_(labels().select(2, 3));
  EXPECT_TRUE(
      at::equal(network->predict(x_, time_, sparse), network->predict(x_, time_, labels())));
  const at::Tensor none = network->predict(x_, time_, at::zeros_like(sparse));
  const at::Tensor zeros = at::zeros_like(context_);  // what the table of this test holds for 0
  EXPECT_LE(largest_error(none, network->predict_under(x_, time_, zeros)), 1e-6);
  EXPECT_GT(rms_error(none, out_), 1e-3);
}

// Measured: 0.011. The kit's weights are random and narrow, which averages little out.
TEST_F(UNet2DConditionTest, StaysWithinTwoPercentInBfloat16) {
  const auto network = published(DType::bfloat16, /*table=*/true);
  EXPECT_LE(rms_error(network->predict(x_, time_, labels()), out_), 0.02);
}

// Three blocks, two layers each, heads by block, and every block that may attend does.
constexpr const char* kSecondKind = R"({
    "block_out_channels": [8, 16, 24], "layers_per_block": 2, "norm_num_groups": 4,
    "attention_head_dim": [2, 4, 3], "cross_attention_dim": 10, "use_linear_projection": true,
    "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
    "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
    "labels": 4, "context_tokens": 5})";

TEST(UNet2DCondition, SidesAreMultiplesOfTheCoarsestCell) {
  const auto network = make_unet(kSecondKind);
  randomise(network->parameters(), 11);
  const InferenceThread inference;
  EXPECT_EQ(network->alignment(), 4);
  EXPECT_EQ(network->labels(), 4);
  for (const auto& [h, w] : {std::pair{4, 4}, {8, 20}}) {
    const at::Tensor x = torch::randn({1, 4, h, w});
    const at::Tensor out =
        network->predict(x, torch::tensor({7.0f}), torch::ones({1, h, w}, at::kLong));
    EXPECT_EQ(out.sizes(), x.sizes());
    EXPECT_TRUE(out.isfinite().all().item<bool>());
  }
}

TEST(UNet2DCondition, APatchDoesNotDependOnTheOthersOfItsBatch) {
  const auto network = make_unet(kSecondKind);
  randomise(network->parameters(), 12);
  network->prepare_inference(DType::bfloat16);
  const InferenceThread inference;
  torch::manual_seed(13);
  const at::Tensor x = torch::randn({3, 4, 8, 8}), time = torch::tensor({5.0f, 500.0f, 900.0f}),
                   ids = torch::tensor({1, 3, 0}).view({3, 1, 1}).expand({3, 8, 8}),
                   order = torch::tensor({2, 0, 0});
  const at::Tensor expected = network->predict(x, time, ids).index({order});
  EXPECT_TRUE(at::equal(network->predict(x.index({order}), time.index({order}), ids.index({order})),
                        expected));
}

TEST(UNet2DCondition, ContextsProjectedOnceGiveWhatTheyGiveEachTime) {
  const auto network = make_unet(kSecondKind);
  randomise(network->parameters(), 14);
  const InferenceThread inference;
  torch::manual_seed(15);
  const at::Tensor x = torch::randn({2, 4, 8, 8}), time = torch::tensor({5.0f, 500.0f}),
                   ids = torch::tensor({2, 3}).view({2, 1, 1}).expand({2, 8, 8});
  const at::Tensor each_time = network->predict(x, time, ids);
  network->prepare_inference(DType::float32);
  EXPECT_LE(largest_error(network->predict(x, time, ids), each_time), 1e-5);
}

TEST(UNet2DCondition, TrainingReachesEveryParameter) {
  const auto network = make_unet(kSecondKind);
  randomise(network->parameters(), 16);
  torch::manual_seed(17);
  network
      ->predict(torch::randn({1, 4, 8, 8}), torch::tensor({300.0f}),
                torch::ones({1, 8, 8}, at::kLong))
      .square()
      .mean()
      .backward();
  for (const auto& [name, parameter] : network->parameters()) {
    ASSERT_TRUE(parameter.grad().defined()) << name;
    EXPECT_GT(parameter.grad().abs().max().item<float>(), 0) << name;
  }
}

// By hand, for one block of one resnet without attention, the middle, and two resnets.
TEST(UNet2DCondition, AnEvaluationCostsWhatItsConvolutionsAndItsAttentionDo) {
  const auto network = make_unet(R"({
      "block_out_channels": [8], "layers_per_block": 1, "norm_num_groups": 4,
      "attention_head_dim": 2, "cross_attention_dim": 6, "down_block_types": ["DownBlock2D"],
      "up_block_types": ["UpBlock2D"], "context_tokens": 5})");
  const double positions = 16 * 16, c = 8;
  double flop = 4.0 * c * positions * (positions + 5);  // scores and sums, of positions and tokens
  for (const auto& [name, weight] : network->parameters()) {
    if (weight.dim() != 4) continue;
    const bool of_context = name.find("attn2.to_k") != std::string::npos ||
                            name.find("attn2.to_v") != std::string::npos;
    if (!of_context) flop += 2.0 * static_cast<double>(weight.numel()) * positions;
  }
  EXPECT_NEAR(network->gflop_per_evaluation(16) / (flop * 1e-9), 1, 1e-9);
}

struct Defect {
  const char* config;
  const char* message;
};
void PrintTo(const Defect& d, std::ostream* out) { *out << d.config; }

const Defect kDefects[] = {
    {R"({"_class_name": "UNet2DModel"})",
     "'_class_name' is \"UNet2DModel\"; this version knows only \"UNet2DConditionModel\""},
    {R"({"act_fn": "gelu"})", "'act_fn' is \"gelu\"; this version knows only \"silu\""},
    {R"({"mid_block_scale_factor": 1.4142135})",
     "'mid_block_scale_factor' is 1.4142135; this version knows only 1"},
    {R"({"class_embed_type": "timestep"})",
     "'class_embed_type' is \"timestep\"; this version knows only null"},
    {R"({"dual_cross_attention": true})",
     "'dual_cross_attention' is true; this version knows only false"},
    {R"({"down_block_types": ["SimpleCrossAttnDownBlock2D"]})",
     "'down_block_types' has \"SimpleCrossAttnDownBlock2D\"; this version knows DownBlock2D and "
     "CrossAttnDownBlock2D"},
    {R"({"attention_head_dim": [5, 10]})",
     "'attention_head_dim' must have one entry for each of the 4 blocks, got 2"},
    {R"({"attention_head_dim": 7})", "'block_out_channels' must be a multiple of 7, got 320"},
    {R"({"cross_attention_dim": [8, 8]})",
     "'cross_attention_dim' must be a whole number from 1 to 8192, got [8,8]"},
    {R"({"out_channels": 8})", "'out_channels' must be a whole number from 4 to 4, got 8"},
    {R"({"norm_eps": 0})", "'norm_eps' must be a number above 0 and at most 1, got 0"},
    {R"({"flip_sin_to_cos": 1})", "'flip_sin_to_cos' must be true or false, got 1"},
    {R"({"width": 8})", "'width' is not a known setting"},
};

class UNetConfigDefect : public testing::TestWithParam<Defect> {};

TEST_P(UNetConfigDefect, IsRefusedWithItsMessage) {
  EXPECT_EQ(message_of([] { make_denoiser("unet_2d_condition", GetParam().config, "unet.json"); }),
            std::string("unet.json: ") + GetParam().message);
}
INSTANTIATE_TEST_SUITE_P(Table, UNetConfigDefect, testing::ValuesIn(kDefects));

}  // namespace
}  // namespace histoloom
