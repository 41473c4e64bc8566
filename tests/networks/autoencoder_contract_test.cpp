// What every autoencoder promises, whatever its architecture.
#include <gtest/gtest.h>

#include "histoloom/bundle/registry.h"
#include "histoloom/networks/pixel_range.h"
#include "networks/contract.h"
#include "networks/test_model.h"

namespace histoloom {
namespace {

struct AutoencoderCase {
  const char* name;
  const char* architecture;
  const char* config;
  int channels, downsampling;
  bool other_range = false;  // sees pixels from −1 to 1
};
void PrintTo(const AutoencoderCase& c, std::ostream* out) { *out << c.name; }

constexpr const char* kSmallShuffle = R"({"latent_channels": 5, "fine_width": 8, "coarse_width": 16,
    "fine_blocks": 1, "coarse_blocks": 1})";

const AutoencoderCase kAutoencoders[] = {
    {"pixel_shuffle_autoencoder", "pixel_shuffle_autoencoder", kSmallShuffle, 5, 8},
    {"with_pixel_range", "pixel_shuffle_autoencoder", kSmallShuffle, 5, 8, true},
    {"autoencoder_kl", "autoencoder_kl",
     R"({"block_out_channels": [8, 16], "norm_num_groups": 4, "layers_per_block": 1,
         "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D"],
         "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D"]})",
     4, 2},
    {"vq_model", "vq_model",
     R"({"block_out_channels": [8, 16], "norm_num_groups": 4, "layers_per_block": 1,
         "num_vq_embeddings": 32, "vq_embed_dim": 3, "latent_channels": 3,
         "down_block_types": ["DownEncoderBlock2D", "AttnDownEncoderBlock2D"],
         "up_block_types": ["AttnUpDecoderBlock2D", "UpDecoderBlock2D"]})",
     3, 2},
    {"torchscript", "torchscript", R"({"channels": 6, "downsampling": 4, "gflop_per_cell": 0.5})",
     6, 4}};

constexpr const char* kTorchScriptEncode = R"JIT(
def encode(self, image):
    small = torch.avg_pool2d(image, [4, 4])
    return torch.cat([small, torch.softmax(small.flatten(1), 1).view_as(small)], 1)
)JIT";
constexpr const char* kTorchScriptDecode = R"JIT(
def decode(self, latents):
    colour = torch.sin(latents[:, :3]) + latents[:, 3:]
    return torch.repeat_interleave(torch.repeat_interleave(colour, 4, 2), 4, 3)
)JIT";

class AutoencoderContract : public testing::TestWithParam<std::tuple<AutoencoderCase, DType>> {
 protected:
  const AutoencoderCase& autoencoder() const { return std::get<0>(GetParam()); }
  bool is_torchscript() const { return autoencoder().architecture == std::string("torchscript"); }
  std::unique_ptr<Autoencoder> make() const {
    auto network = make_autoencoder(autoencoder().architecture, autoencoder().config, "test");
    return autoencoder().other_range ? with_pixel_range(std::move(network), {-1, 1})
                                     : std::move(network);
  }
  // A network for inference: the same weights every time.
  std::unique_ptr<Autoencoder> prepared() const {
    auto network = make();
    if (is_torchscript()) {
      write_torchscript(scratch_ / "n.pt", {kTorchScriptEncode, kTorchScriptDecode});
      network->load(scratch_ / "n.pt");
    } else {
      randomise(network->parameters(), 32);
    }
    network->prepare_inference(std::get<1>(GetParam()));
    return network;
  }
  // Images and latents of `height` × `width` cells.
  at::Tensor images(int batch, int height, int width, std::uint64_t seed) const {
    at::manual_seed(seed);
    const int f = autoencoder().downsampling;
    return at::rand({batch, 3, height * f, width * f});
  }
  at::Tensor latents(int batch, int height, int width, std::uint64_t seed) const {
    at::manual_seed(seed);
    return at::randn({batch, autoencoder().channels, height, width});
  }

 private:
  const ScratchDirectory scratch_;
};

TEST_P(AutoencoderContract, SaysWhatItsConfigurationSays) {
  const auto network = make();
  EXPECT_EQ(network->channels(), autoencoder().channels);
  EXPECT_EQ(network->downsampling(), autoencoder().downsampling);
  EXPECT_GT(network->gflop_per_decoded_cell(), 0);
}

TEST_P(AutoencoderContract, NamesEachParameterOnce) {
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

TEST_P(AutoencoderContract, EncodesAndDecodesFiniteFloat32OfItsShapes) {
  const auto network = prepared();
  const InferenceThread inference;
  for (const auto& [height, width] : {std::pair{1, 1}, {4, 4}, {2, 7}}) {
    const at::Tensor image = images(2, height, width, 1);
    const at::Tensor z = network->encode(image);
    EXPECT_EQ(z.sizes(), at::IntArrayRef({2, autoencoder().channels, height, width}));
    EXPECT_TRUE(is_finite_float32(z));
    const at::Tensor decoded = network->decode(z);
    EXPECT_EQ(decoded.sizes(), image.sizes());
    EXPECT_TRUE(is_finite_float32(decoded));
  }
}

TEST_P(AutoencoderContract, GivesTheSameBitsEveryTime) {
  const auto network = prepared();
  const InferenceThread inference;
  const at::Tensor image = images(3, 4, 4, 2), z = latents(3, 4, 4, 3);
  const at::Tensor encoded = network->encode(image), decoded = network->decode(z);
  for (int call = 0; call < 3; ++call) {
    EXPECT_TRUE(at::equal(network->encode(image), encoded));
    EXPECT_TRUE(at::equal(network->decode(z), decoded));
  }
  EXPECT_TRUE(at::equal(prepared()->decode(z), decoded));
}

TEST_P(AutoencoderContract, AWindowDoesNotDependOnTheOthersOfItsBatch) {
  const auto network = prepared();
  const InferenceThread inference;
  const at::Tensor image = images(4, 4, 4, 4), z = latents(4, 4, 4, 5);
  const at::Tensor encoded = network->encode(image), decoded = network->decode(z);
  for (const auto& order :
       {at::tensor({3, 0, 2, 1}, at::kLong), at::tensor({1, 1, 1, 1}, at::kLong),
        at::tensor({0, 3, 3, 0}, at::kLong)}) {
    EXPECT_TRUE(at::equal(network->encode(image.index({order})), encoded.index({order})));
    EXPECT_TRUE(at::equal(network->decode(z.index({order})), decoded.index({order})));
  }
}

TEST_P(AutoencoderContract, FourThreadsAtOnceGiveTheBitsOfOne) {
  constexpr int kThreads = 4, kInputs = 4;
  struct Result {
    at::Tensor encoded, decoded;
  };
  std::vector<at::Tensor> image, z;
  for (unsigned i = 0; i < kInputs; ++i) {
    image.push_back(images(2, 4, 4, 50 + i));
    z.push_back(latents(2, 4, 4, 60 + i));
  }
  std::vector<Result> expected(kInputs);
  {
    const auto alone = prepared();
    call_at_once(1, [&](int) {
      for (std::size_t i = 0; i < kInputs; ++i)
        expected[i] = {alone->encode(image[i]), alone->decode(z[i])};
    });
  }
  // A network that has answered nothing yet; every thread asks in an order of its own.
  const auto shared = prepared();
  std::vector<std::vector<Result>> got(kThreads, std::vector<Result>(kInputs));
  call_at_once(kThreads, [&](int thread) {
    const auto t = static_cast<std::size_t>(thread);
    for (std::size_t k = 0; k < kInputs; ++k) {
      const std::size_t i = (k + t / 2) % kInputs;  // two and two ask for the same
      got[t][i] = {shared->encode(image[i]), shared->decode(z[i])};
    }
  });
  for (std::size_t t = 0; t < kThreads; ++t) {
    for (std::size_t i = 0; i < kInputs; ++i) {
      EXPECT_TRUE(at::equal(got[t][i].encoded, expected[i].encoded)) << t << ", call " << i;
      EXPECT_TRUE(at::equal(got[t][i].decoded, expected[i].decoded)) << t << ", call " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, AutoencoderContract,
                         testing::Combine(testing::ValuesIn(kAutoencoders),
                                          testing::Values(DType::float32, DType::bfloat16)),
                         [](const auto& test) {
                           return std::string(std::get<0>(test.param).name) + "_" +
                                  std::string(name_of(std::get<1>(test.param)));
                         });

}  // namespace
}  // namespace histoloom
