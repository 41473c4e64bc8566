// AutoencoderKL and VQModel against numbers that diffusers 0.14 computed (testdata/parity).
#include <gtest/gtest.h>

#include "autoencoder_kl.h"
#include "diffusers_config.h"
#include "histoloom/networks/inference_thread.h"
#include "networks/test_model.h"
#include "published_names.h"
#include "vq_model.h"

namespace histoloom {
namespace {

template <class Network>
std::unique_ptr<Network> published_autoencoder(const std::string& architecture, DType dtype) {
  auto any = make_autoencoder(architecture, read_text(kit() / (architecture + ".json")), "kit");
  std::unique_ptr<Network> network(dynamic_cast<Network*>(any.release()));
  const auto file = open_weights(kit() / (architecture + ".safetensors"));
  const NamedTensors parameters = network->parameters();
  load_parameters(parameters, *file, published_names(parameters, file->names()));
  network->prepare_inference(dtype);
  return network;
}

class AutoencoderKLTest : public testing::Test {
 protected:
  const SafetensorsFile io_{kit() / "autoencoder_kl_io.safetensors"};
  const at::Tensor image_ = read_tensor(io_, "image"), z_ = read_tensor(io_, "z");
  const InferenceThread inference_;
};

TEST_F(AutoencoderKLTest, ReproducesThePublishedDistribution) {
  const auto network = published_autoencoder<AutoencoderKL>("autoencoder_kl", DType::float32);
  const LatentDistribution latents = network->distribution(image_);
  EXPECT_LE(largest_error(latents.mean, read_tensor(io_, "latent_mean")), 1e-4);
  EXPECT_LE(largest_error(latents.logvar, read_tensor(io_, "latent_logvar")), 1e-4);
  EXPECT_TRUE(at::equal(network->encode(image_), latents.mean));
}

TEST_F(AutoencoderKLTest, ReproducesThePublishedImage) {
  const auto network = published_autoencoder<AutoencoderKL>("autoencoder_kl", DType::float32);
  EXPECT_LE(largest_error(network->decode(z_), read_tensor(io_, "decoded")), 1e-4);
}

// Measured: 0.010 to 0.017 in all four. The kit's weights are random and narrow, which averages
// little out.
TEST_F(AutoencoderKLTest, StaysWithinTwoPercentInBfloat16) {
  const auto network = published_autoencoder<AutoencoderKL>("autoencoder_kl", DType::bfloat16);
  EXPECT_LE(rms_error(network->encode(image_), read_tensor(io_, "latent_mean")), 0.02);
  EXPECT_LE(rms_error(network->decode(z_), read_tensor(io_, "decoded")), 0.02);
}

class VQModelTest : public testing::Test {
 protected:
  const SafetensorsFile io_{kit() / "vq_model_io.safetensors"};
  const at::Tensor image_ = read_tensor(io_, "image"), z_ = read_tensor(io_, "z");
  const InferenceThread inference_;
};

TEST_F(VQModelTest, ReproducesThePublishedLatents) {
  const auto network = published_autoencoder<VQModel>("vq_model", DType::float32);
  EXPECT_LE(largest_error(network->encode(image_), read_tensor(io_, "latents")), 1e-4);
}

TEST_F(VQModelTest, ReproducesThePublishedImageThroughTheCodebook) {
  const auto network = published_autoencoder<VQModel>("vq_model", DType::float32);
  EXPECT_LE(largest_error(network->decode(z_), read_tensor(io_, "decoded")), 1e-4);
}

TEST_F(VQModelTest, ReproducesThePublishedImageOfLatentsAsTheyAre) {
  const auto network = published_autoencoder<VQModel>("vq_model", DType::float32);
  EXPECT_LE(
      largest_error(network->decode_not_quantised(z_), read_tensor(io_, "decoded_not_quantized")),
      1e-4);
}

TEST_F(VQModelTest, StaysWithinTwoPercentInBfloat16) {
  const auto network = published_autoencoder<VQModel>("vq_model", DType::bfloat16);
  EXPECT_LE(rms_error(network->encode(image_), read_tensor(io_, "latents")), 0.02);
  EXPECT_LE(rms_error(network->decode(z_), read_tensor(io_, "decoded")), 0.02);
}

DiffusersAutoencoderConfig small_kl_config() {
  DiffusersAutoencoderConfig c;
  c.block_out_channels = {8, 16, 24};
  c.norm_num_groups = 4;
  c.down_attention = {false, false, true};
  c.up_attention = {true, false, false};
  return c;
}

TEST(DiffusersAutoencoder, FourPixelsASideAreOneCellOfThreeBlocks) {
  AutoencoderKL network(small_kl_config());
  randomise(network.parameters(), 3);
  const InferenceThread inference;
  EXPECT_EQ(network.downsampling(), 4);
  for (const auto& [h, w] : {std::pair{4, 4}, {12, 40}}) {
    const at::Tensor image = at::rand({2, 3, h, w});
    const at::Tensor z = network.encode(image);
    EXPECT_EQ(z.sizes(), (at::IntArrayRef{2, 4, h / 4, w / 4}));
    EXPECT_EQ(network.decode(z).sizes(), image.sizes());
  }
}

TEST(DiffusersAutoencoder, LogVariancesStayBetweenMinus30And20) {
  AutoencoderKL network(small_kl_config());
  randomise(network.parameters(), 10);
  const InferenceThread inference;
  for (const auto& [name, parameter] : network.parameters())
    if (name == "quant_conv.bias")
      parameter.slice(0, 4).copy_(at::tensor({1000.0f, 1000.0f, -1000.0f, -1000.0f}));
  const LatentDistribution latents = network.distribution(at::rand({1, 3, 8, 8}));
  EXPECT_TRUE(latents.logvar.slice(1, 0, 2).eq(20).all().item<bool>());
  EXPECT_TRUE(latents.logvar.slice(1, 2, 4).eq(-30).all().item<bool>());
}

TEST(DiffusersAutoencoder, AnImageDoesNotDependOnItsBatch) {
  AutoencoderKL network(small_kl_config());
  randomise(network.parameters(), 4);
  network.prepare_inference(DType::bfloat16);
  const InferenceThread inference;
  at::manual_seed(7);
  const at::Tensor z = at::randn({3, 4, 8, 8}), order = at::tensor({2, 0, 0}, at::kLong);
  EXPECT_TRUE(at::equal(network.decode(z.index({order})), network.decode(z).index({order})));
}

TEST(DiffusersAutoencoder, TrainingReachesEveryParameterOfBoth) {
  const VQModelConfig vq{small_kl_config(), 32, 4};
  AutoencoderKL kl(small_kl_config());
  VQModel quantised(vq);
  for (Autoencoder* network :
       {static_cast<Autoencoder*>(&kl), static_cast<Autoencoder*>(&quantised)}) {
    randomise(network->parameters(), 5);
    at::Tensor regularisation;
    const at::Tensor image = at::rand({1, 3, 16, 16});
    const at::Tensor z = network->encode_for_training(image, regularisation);
    ((network->decode(z) - image).square().mean() + regularisation).backward();
    for (const auto& [name, parameter] : network->parameters()) {
      ASSERT_TRUE(parameter.grad().defined()) << name;
      // What is added to all keys alike leaves a softmax as it is.
      if (name.ends_with("to_k.bias")) continue;
      EXPECT_GT(parameter.grad().abs().max().item<float>(), 0) << name;
    }
  }
}

TEST(DiffusersAutoencoder, ACellOfTheCodebookIsTheNearest) {
  VQModel network({small_kl_config(), 50, 4});
  randomise(network.parameters(), 6);
  at::Tensor codebook;
  for (const auto& [name, parameter] : network.parameters())
    if (name == "quantize.embedding.weight") codebook = parameter;
  const InferenceThread inference;
  at::manual_seed(8);
  const at::Tensor z = at::randn({2, 4, 6, 5});
  const at::Tensor cells = z.permute({0, 2, 3, 1}).reshape({-1, 1, 4});
  const at::Tensor nearest = (cells - codebook).square().sum(2).argmin(1);
  const at::Tensor entries = codebook.index({nearest}).view({2, 6, 5, 4}).permute({0, 3, 1, 2});
  EXPECT_LE(largest_error(network.decode(z), network.decode_not_quantised(entries)), 1e-5);
}

// Counted by hand from the shapes: every convolution of the decoder at its resolution, and
// attention's 4·C multiplies and adds for each of 4,096 keys (16 times as many a level up).
TEST(DiffusersAutoencoder, ADecodedCellCostsWhatItsConvolutionsAndItsAttentionDo) {
  AutoencoderKL network(small_kl_config());
  double flop = 4.0 * 24 * 4096 * 3;  // the middle's, and two in the first block
  for (const auto& [name, weight] : network.parameters()) {
    if (weight.dim() != 4 || name.starts_with("encoder") || name.starts_with("quant")) continue;
    double positions = 1;
    if (name.find("up_blocks.0.upsamplers") != std::string::npos ||
        name.find("up_blocks.1.resnets") != std::string::npos)
      positions = 4;
    if (name.find("up_blocks.1.upsamplers") != std::string::npos ||
        name.find("up_blocks.2") != std::string::npos || name.find("conv_out") != std::string::npos)
      positions = 16;
    flop += 2.0 * static_cast<double>(weight.numel()) * positions;
  }
  EXPECT_NEAR(network.gflop_per_decoded_cell() / (flop * 1e-9), 1, 1e-9);
}

TEST(Attend, IsTheSoftmaxOfAllScoresInBlocksOfQueries) {
  at::manual_seed(9);
  // More scores than exist at a time: 3,000 queries of 1,500 keys, in two heads.
  const at::Tensor q = at::randn({2, 3000, 16}), k = at::randn({2, 1500, 16}) * 3,
                   v = at::randn({2, 1500, 16});
  const auto heads = [](const at::Tensor& t) { return t.unflatten(2, {2, 8}).transpose(1, 2); };
  const at::Tensor scores = at::matmul(heads(q), heads(k).transpose(-1, -2)) / std::sqrt(8.0);
  const at::Tensor expected =
      at::matmul(at::softmax(scores, -1), heads(v)).transpose(1, 2).flatten(2);
  EXPECT_LE(largest_error(attend(q, k, v, 2), expected), 1e-5);
}

}  // namespace
}  // namespace histoloom
