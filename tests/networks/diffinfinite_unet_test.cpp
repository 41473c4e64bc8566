// DiffInfinite's U-Net against numbers that its published code computed (testdata/parity).
#include <gtest/gtest.h>

#include "histoloom/networks/inference_thread.h"
#include "networks/test_model.h"

namespace histoloom {
namespace {

std::unique_ptr<Denoiser> published_image_unet(DType dtype) {
  const std::filesystem::path weights = kit() / "diffinfinite_unet.safetensors";
  const std::string config = SafetensorsFile(weights).metadata().at("config");
  auto network = make_denoiser("diffinfinite_unet", config, weights.string());
  load_parameters(network->parameters(), weights);
  network->prepare_inference(dtype);
  return network;
}

class DiffInfiniteUNetTest : public testing::Test {
 protected:
  const SafetensorsFile io_{kit() / "diffinfinite_unet_io.safetensors"};
  const at::Tensor x_ = read_tensor(io_, "x"), time_ = read_tensor(io_, "t").to(at::kFloat);
  const at::Tensor mask_ = read_tensor(io_, "mask").squeeze(1).to(at::kLong);
  const InferenceThread inference_;
};

TEST_F(DiffInfiniteUNetTest, ReproducesThePublishedPredictionUnderAMask) {
  const auto network = published_image_unet(DType::float32);
  EXPECT_LE(largest_error(network->predict(x_, time_, mask_), read_tensor(io_, "eps_cond")), 1e-4);
}

TEST_F(DiffInfiniteUNetTest, ReproducesThePublishedPredictionWithoutACondition) {
  const auto network = published_image_unet(DType::float32);
  const at::Tensor none = at::zeros_like(mask_);
  EXPECT_LE(largest_error(network->predict(x_, time_, none), read_tensor(io_, "eps_null")), 1e-4);
}

TEST_F(DiffInfiniteUNetTest, ReproducesThePublishedGuidance) {
  const auto network = published_image_unet(DType::float32);
  const at::Tensor cond = network->predict(x_, time_, mask_);
  const at::Tensor null = network->predict(x_, time_, at::zeros_like(mask_));
  EXPECT_LE(largest_error(null + 4 * (cond - null), read_tensor(io_, "eps_guided_scale4")), 1e-4);
}

TEST_F(DiffInfiniteUNetTest, FoldingTheStandardisedWeightsTwiceChangesNothing) {
  const auto network = published_image_unet(DType::float32);
  const at::Tensor once = network->predict(x_, time_, mask_);
  network->prepare_inference(DType::float32);
  EXPECT_TRUE(at::equal(network->predict(x_, time_, mask_), once));
}

// Measured: 0.088. The kit's weights are random and 8 channels wide, which averages little out.
TEST_F(DiffInfiniteUNetTest, StaysCloseInBfloat16) {
  const auto network = published_image_unet(DType::bfloat16);
  const at::Tensor expected = read_tensor(io_, "eps_cond");
  EXPECT_LE(rms_error(network->predict(x_, time_, mask_), expected), 0.12);
}

}  // namespace
}  // namespace histoloom
