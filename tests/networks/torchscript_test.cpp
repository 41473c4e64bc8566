// TorchScript files as networks: their signature, and what is said where a file hasn't it.
#include "torchscript.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "histoloom/bundle/bundle.h"
#include "histoloom/weights/safetensors.h"
#include "networks/test_model.h"

namespace histoloom {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// Returns x scaled by its time, and the labels in every channel besides.
constexpr const char* kForward = R"JIT(
def forward(self, x, time, labels):
    return x * time.view(-1, 1, 1, 1) + self.gain * labels.unsqueeze(1)
)JIT";

// Latents: the mean of 4 x 4 pixels, twice, so that there are 6 channels.
constexpr const char* kEncode = R"JIT(
def encode(self, image):
    small = torch.avg_pool2d(image, [4, 4])
    return torch.cat([small, 2 * small], 1)
)JIT";
constexpr const char* kDecode = R"JIT(
def decode(self, latents):
    return torch.repeat_interleave(torch.repeat_interleave(latents[:, :3], 4, 2), 4, 3)
)JIT";

class TorchScriptTest : public testing::Test {
 protected:
  // Writes a module of these methods and of a parameter, gain = 10.
  std::filesystem::path write(const std::vector<std::string>& methods) const {
    torch::jit::Module module("Network");
    module.register_parameter("gain", at::scalar_tensor(10.0f), false);
    for (const std::string& method : methods) module.define(method + "\n");
    module.save((scratch_ / "n.pt").string());
    return scratch_ / "n.pt";
  }
  std::string denoiser(const std::string& forward) const {
    const auto path = write({forward});
    return message_of([&] { make_denoiser("torchscript", "{}", "m.json")->load(path); });
  }
  std::string autoencoder(const std::string& encode, const std::string& decode) const {
    const auto path = write({encode, decode});
    return message_of([&] { make_autoencoder("torchscript", kSix, "m.json")->load(path); });
  }
  std::string says(const std::string& what) const {
    return (scratch_ / "n.pt").string() + ": " + what;
  }

  static constexpr const char* kSix = R"({"channels": 6, "downsampling": 4})";
  ScratchDirectory scratch_;
};

TEST_F(TorchScriptTest, ADenoiserPredictsWhatItsForwardReturns) {
  const auto network = make_denoiser(
      "torchscript", R"({"channels": 3, "labels": 7, "alignment": 2, "gflop_per_cell": 0.5,
                         "one_evaluation_per_label": true})",
      "m.json");
  network->load(write({kForward}));
  network->prepare_inference(DType::bfloat16);
  const at::Tensor x = at::randn({2, 3, 4, 6}), time = at::tensor({2.0f, 3.0f});
  const at::Tensor labels = at::randint(7, {2, 4, 6}, at::kLong);
  const at::Tensor expected = x * time.view({2, 1, 1, 1}) + 10 * labels.unsqueeze(1);
  for (int call = 0; call < 4; ++call)  // an optimiser would change the program after two
    EXPECT_TRUE(at::equal(network->predict(x, time, labels), expected));
  EXPECT_EQ(network->channels(), 3);
  EXPECT_EQ(network->labels(), 7);
  EXPECT_EQ(network->alignment(), 2);
  EXPECT_TRUE(network->one_evaluation_per_label());
  EXPECT_EQ(network->gflop_per_evaluation(8), 32);
}

TEST_F(TorchScriptTest, AnAutoencoderEncodesAndDecodesByItsMethods) {
  const auto network = make_autoencoder("torchscript", kSix, "m.json");
  network->load(write({kEncode, kDecode}));
  const at::Tensor image = at::full({1, 3, 8, 12}, 0.25f);
  const at::Tensor latents = network->encode(image);
  EXPECT_EQ(latents.sizes(), at::IntArrayRef({1, 6, 2, 3}));
  EXPECT_EQ(latents[0][5][1][2].item<float>(), 0.5f);
  EXPECT_TRUE(at::equal(network->decode(latents), image));
  EXPECT_EQ(network->gflop_per_decoded_cell(), 0);
}

TEST_F(TorchScriptTest, ABundleMayNameATorchScriptDenoiser) {
  auto json = small_model_json();
  write_small_bundle(scratch_.path(), json);
  json["denoiser"] = {{"architecture", "torchscript"},
                      {"config", {{"channels", 4}, {"labels", 4}, {"alignment", 4}}},
                      {"weights", "n.pt"}};
  write_bytes(scratch_ / "model.json", json.dump());
  write({kForward});
  const auto network = load_denoiser(ModelBundle::read(scratch_.path()), DType::float32);
  const at::Tensor x = at::ones({1, 4, 8, 8});
  EXPECT_TRUE(
      at::equal(network->predict(x, at::tensor({5.0f}), at::ones({1, 8, 8}, at::kLong)), 15 * x));
}

TEST_F(TorchScriptTest, FilesThatAreNone) {
  const auto load = [&] {
    return message_of([&] { make_denoiser("torchscript", "{}", "m")->load(scratch_ / "n.pt"); });
  };
  EXPECT_EQ(load(), says("can't be opened: No such file or directory"));
  const std::string refused = says("not a TorchScript file, as torch.jit.save writes it: ");
  write_bytes(scratch_ / "n.pt", "");
  EXPECT_THAT(load(), StartsWith(refused));
  write_bytes(scratch_ / "n.pt", "weights");
  EXPECT_THAT(load(), StartsWith(refused));
  write_safetensors(scratch_ / "n.pt", {{"a", at::ones({1})}}, {});
  EXPECT_THAT(load(), StartsWith(refused));
  std::filesystem::remove(scratch_ / "n.pt");
  std::filesystem::copy_file(std::filesystem::path(HISTOLOOM_TESTDATA) / "checkpoints/protocol2.pt",
                             scratch_ / "n.pt");
  EXPECT_THAT(load(), StartsWith(refused));  // a state dict
  EXPECT_EQ(load().find('\n'), std::string::npos);
}

TEST_F(TorchScriptTest, AMissingMethodIsNamed) {
  EXPECT_EQ(denoiser(kEncode), says("the module has no method 'forward'"));
  EXPECT_EQ(autoencoder(kForward, kDecode), says("the module has no method 'encode'"));
  EXPECT_EQ(autoencoder(kEncode, kForward), says("the module has no method 'decode'"));
}

TEST_F(TorchScriptTest, ATrialRunFindsAnotherSignature) {
  EXPECT_EQ(denoiser("def forward(self, x, time, labels):\n    return x[:, :2]"),
            says("the method 'forward' must return the shape [2, 4, 8, 8], it returns "
                 "[2, 2, 8, 8]"));
  EXPECT_EQ(denoiser("def forward(self, x, time, labels):\n    return (x, time)"),
            says("the method 'forward' must return a tensor, it returns Tuple"));
  EXPECT_THAT(denoiser("def forward(self, x, time):\n    return x"),
              StartsWith(says("the method 'forward' fails: ")));
  EXPECT_THAT(denoiser("def forward(self, x, time, labels):\n    return x @ x[:, :, :3]"),
              StartsWith(says("the method 'forward' fails: ")));
  EXPECT_EQ(autoencoder("def encode(self, image):\n    return image", kDecode),
            says("the method 'encode' must return the shape [2, 6, 8, 8], it returns "
                 "[2, 3, 32, 32]"));
  EXPECT_EQ(autoencoder(kEncode, "def decode(self, latents):\n    return latents"),
            says("the method 'decode' must return the shape [2, 3, 32, 32], it returns "
                 "[2, 6, 8, 8]"));
}

TEST_F(TorchScriptTest, WhatAProgramRaisesIsTold) {
  EXPECT_EQ(denoiser("def forward(self, x, time, labels):\n    assert False, \"no such time\"\n"
                     "    return x"),
            says("the method 'forward' fails: AssertionError: no such time"));
}

TEST_F(TorchScriptTest, TrainingIsRefused) {
  const std::string message =
      "m.json: the architecture torchscript can't be trained; train the network where it was made";
  const auto denoiser = make_denoiser("torchscript", "{}", "m.json");
  const auto autoencoder = make_autoencoder("torchscript", "{}", "m.json");
  at::Tensor loss;
  EXPECT_EQ(message_of([&] { denoiser->parameters(); }), message);
  EXPECT_EQ(message_of([&] { denoiser->set_training_dtype(DType::float32); }), message);
  EXPECT_EQ(message_of([&] { autoencoder->parameters(); }), message);
  EXPECT_EQ(message_of([&] { autoencoder->set_training_dtype(DType::float32); }), message);
  EXPECT_EQ(message_of([&] { autoencoder->encode_for_training(at::Tensor(), loss); }), message);
}

TEST_F(TorchScriptTest, ConfigurationsAreChecked) {
  EXPECT_EQ(message_of([] { make_denoiser("torchscript", R"({"labels": 1})", "m.json"); }),
            "m.json: 'labels' must be a whole number from 2 to 255, got 1");
  EXPECT_EQ(message_of([] { make_autoencoder("torchscript", R"({"labels": 2})", "m.json"); }),
            "m.json: 'labels' is not a known setting");
}

}  // namespace
}  // namespace histoloom
