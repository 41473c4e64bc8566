// What every denoiser promises, whatever its architecture.
#include <gtest/gtest.h>

#include "histoloom/bundle/registry.h"
#include "networks/contract.h"
#include "networks/test_model.h"

namespace histoloom {
namespace {

struct DenoiserCase {
  const char* name;
  const char* architecture;
  const char* config;
  int channels, labels, alignment;
  bool one_evaluation_per_label;
  int context_channels = 0;
};
void PrintTo(const DenoiserCase& c, std::ostream* out) { *out << c.name; }

const DenoiserCase kDenoisers[] = {
    {"label_map_unet", "label_map_unet",
     R"({"latent_channels": 3, "labels": 5, "widths": [8, 16], "blocks": 1, "heads": 2,
         "groups": 4, "embedding": 16})",
     3, 5, 2, false},
    {"label_map_unet_folded", "label_map_unet",
     R"({"latent_channels": 3, "labels": 5, "widths": [8, 16], "blocks": 1, "heads": 2,
         "groups": 4, "embedding": 16, "fold": 2})",
     3, 5, 4, false},
    {"label_map_unet_under_a_coarser_stage", "label_map_unet",
     R"({"latent_channels": 3, "labels": 5, "widths": [8, 16], "blocks": 1, "heads": 2,
         "groups": 4, "embedding": 16, "context_channels": 5})",
     3, 5, 2, false, 5},
    {"diffinfinite_unet", "diffinfinite_unet",
     R"({"dim": 8, "num_classes": 5, "dim_mults": [1, 2]})", 4, 5, 2, true},
    {"diffinfinite_mask_unet", "diffinfinite_mask_unet",
     R"({"dim": 8, "num_classes": 4, "dim_mults": [1, 2]})", 4, 5, 2, true},
    {"unet_2d_condition", "unet_2d_condition",
     R"({"block_out_channels": [8, 16], "layers_per_block": 1, "norm_num_groups": 4,
         "attention_head_dim": [2, 4], "cross_attention_dim": 10,
         "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"],
         "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"], "labels": 5,
         "context_tokens": 3})",
     4, 5, 2, true},
    {"torchscript", "torchscript",
     R"({"channels": 3, "labels": 5, "alignment": 2, "gflop_per_cell": 0.5})", 3, 5, 2, false}};

constexpr const char* kTorchScriptForward = R"JIT(
def forward(self, x, time, labels):
    seen = torch.softmax(x.flatten(1), 1).view_as(x) + labels.unsqueeze(1)
    return torch.sin(time.view(-1, 1, 1, 1)) * x + seen
)JIT";

// Patches for one call.
struct DenoiserInput {
  at::Tensor x, time, labels;
  DenoiserInput pick(const at::Tensor& order) const {
    return {x.index({order}), time.index({order}), labels.index({order})};
  }
};

class DenoiserContract : public testing::TestWithParam<std::tuple<DenoiserCase, DType>> {
 protected:
  const DenoiserCase& denoiser() const { return std::get<0>(GetParam()); }
  bool is_torchscript() const { return denoiser().architecture == std::string("torchscript"); }
  std::unique_ptr<Denoiser> make() const {
    return make_denoiser(denoiser().architecture, denoiser().config, "test");
  }
  // A network for inference: the same weights every time.
  std::unique_ptr<Denoiser> prepared() const {
    auto network = make();
    if (is_torchscript()) {
      write_torchscript(scratch_ / "n.pt", {kTorchScriptForward});
      network->load(scratch_ / "n.pt");
    } else {
      randomise(network->parameters(), 31);
    }
    network->prepare_inference(std::get<1>(GetParam()));
    return network;
  }
  // A batch of `height` × `width` cells: at times and under labels that differ from patch to patch.
  DenoiserInput input(int batch, int height, int width, std::uint64_t seed) const {
    at::manual_seed(seed);
    const DenoiserCase& c = denoiser();
    at::Tensor labels = at::randint(c.labels, {batch, height, width}, at::kLong);
    if (c.one_evaluation_per_label)  // a patch holds one label and zeros
      labels = (labels > 0) * at::randint(c.labels, {batch, 1, 1}, at::kLong);
    return {at::randn({batch, c.channels + c.context_channels, height, width}),
            at::randint(1000, {batch}, at::kLong).to(at::kFloat), labels};
  }
  DenoiserInput input(int batch, std::uint64_t seed) const {
    return input(batch, 4 * denoiser().alignment, 4 * denoiser().alignment, seed);
  }
  static at::Tensor predict(Denoiser& network, const DenoiserInput& in) {
    return network.predict(in.x, in.time, in.labels);
  }

 private:
  const ScratchDirectory scratch_;
};

TEST_P(DenoiserContract, SaysWhatItsConfigurationSays) {
  const auto network = make();
  EXPECT_EQ(network->channels(), denoiser().channels);
  EXPECT_EQ(network->context_channels(), denoiser().context_channels);
  EXPECT_EQ(network->labels(), denoiser().labels);
  EXPECT_EQ(network->alignment(), denoiser().alignment);
  EXPECT_EQ(network->one_evaluation_per_label(), denoiser().one_evaluation_per_label);
  EXPECT_GT(network->gflop_per_evaluation(8), 0);
  EXPECT_GT(network->gflop_per_evaluation(16), 3.9 * network->gflop_per_evaluation(8));
}

TEST_P(DenoiserContract, NamesEachParameterOnce) {
  const auto network = make();
  if (is_torchscript()) {  // which can't be trained
    EXPECT_THROW(network->parameters(), UserError);
    return;
  }
  const NamedTensors parameters = network->parameters();
  EXPECT_FALSE(parameters.empty());
  EXPECT_EQ(names_of_parameters(parameters).size(), parameters.size());
  for (const auto& [name, parameter] : parameters) EXPECT_TRUE(parameter.defined()) << name;
}

TEST_P(DenoiserContract, PredictsFiniteFloat32OfTheShapeOfItsPatches) {
  const auto network = prepared();
  const InferenceThread inference;
  const int a = denoiser().alignment;
  for (const auto& [height, width] : {std::pair{a, a}, {3 * a, a}, {2 * a, 5 * a}}) {
    const DenoiserInput in = input(2, height, width, 1);
    const at::Tensor out = predict(*network, in);
    EXPECT_EQ(out.sizes(), in.x.narrow(1, 0, denoiser().channels).sizes());
    EXPECT_TRUE(is_finite_float32(out));
  }
}

TEST_P(DenoiserContract, GivesTheSameBitsEveryTime) {
  const auto network = prepared();
  const InferenceThread inference;
  const DenoiserInput in = input(3, 2);
  const at::Tensor expected = predict(*network, in);
  for (int call = 0; call < 3; ++call) EXPECT_TRUE(at::equal(predict(*network, in), expected));
  EXPECT_TRUE(at::equal(predict(*prepared(), in), expected));
}

TEST_P(DenoiserContract, APatchDoesNotDependOnTheOthersOfItsBatch) {
  const auto network = prepared();
  const InferenceThread inference;
  const DenoiserInput in = input(4, 3);
  const at::Tensor expected = predict(*network, in);
  for (const auto& order :
       {at::tensor({3, 0, 2, 1}, at::kLong), at::tensor({1, 1, 1, 1}, at::kLong),
        at::tensor({0, 3, 3, 0}, at::kLong)})
    EXPECT_TRUE(at::equal(predict(*network, in.pick(order)), expected.index({order})));
}

TEST_P(DenoiserContract, FourThreadsAtOnceGiveTheBitsOfOne) {
  constexpr int kThreads = 4, kInputs = 6;
  std::vector<DenoiserInput> inputs;
  for (int i = 0; i < kInputs; ++i) inputs.push_back(input(2, 40 + static_cast<unsigned>(i)));
  std::vector<at::Tensor> expected(kInputs);
  {
    const auto alone = prepared();
    call_at_once(1, [&](int) {
      for (std::size_t i = 0; i < kInputs; ++i) expected[i] = predict(*alone, inputs[i]);
    });
  }
  // A network that has answered nothing yet; every thread asks in an order of its own.
  const auto shared = prepared();
  std::vector<std::vector<at::Tensor>> got(kThreads, std::vector<at::Tensor>(kInputs));
  call_at_once(kThreads, [&](int thread) {
    const auto t = static_cast<std::size_t>(thread);
    for (std::size_t k = 0; k < kInputs; ++k) {
      const std::size_t i = (k + t / 2) % kInputs;  // two and two ask for the same
      got[t][i] = predict(*shared, inputs[i]);
    }
  });
  for (std::size_t t = 0; t < kThreads; ++t)
    for (std::size_t i = 0; i < kInputs; ++i)
      EXPECT_TRUE(at::equal(got[t][i], expected[i])) << "thread " << t << ", call " << i;
}

INSTANTIATE_TEST_SUITE_P(All, DenoiserContract,
                         testing::Combine(testing::ValuesIn(kDenoisers),
                                          testing::Values(DType::float32, DType::bfloat16)),
                         [](const auto& test) {
                           return std::string(std::get<0>(test.param).name) + "_" +
                                  std::string(name_of(std::get<1>(test.param)));
                         });

}  // namespace
}  // namespace histoloom
