// DiffInfinite's mask U-Net against numbers that its published code computed, and the names and
// shapes of all of DiffInfinite's published networks.
#include <gtest/gtest.h>

#include <sstream>

#include "histoloom/networks/inference_thread.h"
#include "networks/test_model.h"

namespace histoloom {
namespace {

std::unique_ptr<Denoiser> published_mask_unet(DType dtype) {
  const std::filesystem::path weights = kit() / "diffinfinite_mask_unet.safetensors";
  const std::string config = SafetensorsFile(weights).metadata().at("config");
  auto network = make_denoiser("diffinfinite_mask_unet", config, weights.string());
  load_parameters(network->parameters(), weights);
  network->prepare_inference(dtype);
  return network;
}

class DiffInfiniteMaskUNetTest : public testing::Test {
 protected:
  // Label maps full of the ids of `classes`, 0 for none.
  at::Tensor maps(const at::Tensor& ids) const {
    return ids.view({-1, 1, 1}).expand({x_.size(0), x_.size(2), x_.size(3)}).contiguous();
  }

  const SafetensorsFile io_{kit() / "diffinfinite_mask_unet_io.safetensors"};
  const at::Tensor x_ = read_tensor(io_, "x"), time_ = read_tensor(io_, "t").to(at::kFloat);
  const at::Tensor ids_ = read_tensor(io_, "classes").to(at::kLong) + 1;
  const at::Tensor expected_ = read_tensor(io_, "eps");
  const InferenceThread inference_;
};

TEST_F(DiffInfiniteMaskUNetTest, ReproducesThePublishedPredictionOfItsClasses) {
  const auto network = published_mask_unet(DType::float32);
  EXPECT_LE(largest_error(network->predict(x_, time_, maps(ids_)), expected_), 1e-4);
}

TEST_F(DiffInfiniteMaskUNetTest, TheLargestIdOfAMapIsTheCondition) {
  const auto network = published_mask_unet(DType::float32);
  at::Tensor one_cell = at::zeros_like(maps(ids_));
  one_cell.select(1, 3).select(1, 5) = ids_;
  EXPECT_TRUE(
      at::equal(network->predict(x_, time_, one_cell), network->predict(x_, time_, maps(ids_))));
}

TEST_F(DiffInfiniteMaskUNetTest, NoConditionHasAnEmbeddingOfItsOwn) {
  const auto with_null = [&](double value) {
    auto network = published_mask_unet(DType::float32);
    for (auto& [name, parameter] : network->parameters())
      if (name == "null_classes_emb") at::Tensor(parameter).fill_(value);
    network->prepare_inference(DType::float32);
    return network;
  };
  const auto a = with_null(0.5), b = with_null(-0.5);
  const at::Tensor none = maps(at::zeros_like(ids_));
  EXPECT_FALSE(at::equal(a->predict(x_, time_, none), b->predict(x_, time_, none)));
  EXPECT_TRUE(at::equal(a->predict(x_, time_, maps(ids_)), b->predict(x_, time_, maps(ids_))));
}

TEST_F(DiffInfiniteMaskUNetTest, HasOneLabelMoreThanClasses) {
  EXPECT_EQ(
      make_denoiser("diffinfinite_mask_unet", R"({"dim": 8, "num_classes": 7})", "test")->labels(),
      8);
}

TEST_F(DiffInfiniteMaskUNetTest, StaysCloseInBfloat16) {
  const auto network = published_mask_unet(DType::bfloat16);
  EXPECT_LE(rms_error(network->predict(x_, time_, maps(ids_)), expected_), 0.12);
}

// The tables that inference looks up must agree with the layers that training runs.
TEST_F(DiffInfiniteMaskUNetTest, InferenceAgreesWithTheFormThatIsTrained) {
  const std::filesystem::path weights = kit() / "diffinfinite_mask_unet.safetensors";
  const std::string config = SafetensorsFile(weights).metadata().at("config");
  const auto trained = make_denoiser("diffinfinite_mask_unet", config, "test");
  load_parameters(trained->parameters(), weights);
  EXPECT_LE(largest_error(trained->predict(x_, time_, maps(ids_)), expected_), 1e-4);
}

// ---- Names and shapes of the published networks

struct Published {
  const char* keys;
  const char* architecture;
  const char* config;
  std::int64_t parameters;
};
void PrintTo(const Published& p, std::ostream* out) { *out << p.keys; }

const Published kPublished[] = {
    {"diffinfinite_image_unet_5cls", "diffinfinite_unet", R"({"num_classes": 5})", 172101124},
    {"diffinfinite_image_unet_10cls", "diffinfinite_unet", R"({"num_classes": 10})", 172102404},
    {"diffinfinite_mask_unet_2cls", "diffinfinite_mask_unet",
     R"({"dim": 64, "num_classes": 2, "dim_mults": [1, 2, 4, 8]})", 38401988}};

class PublishedKeys : public testing::TestWithParam<Published> {};

TEST_P(PublishedKeys, AreThoseOfTheArchitecture) {
  std::map<std::string, std::string> expected;
  std::istringstream lines(
      read_text(HISTOLOOM_TESTDATA "/parity/keys/" + std::string(GetParam().keys) + ".txt"));
  for (std::string name, shape; std::getline(lines, name, '\t') && std::getline(lines, shape);)
    expected[name] = shape;
  ASSERT_GT(expected.size(), 200u);

  std::int64_t count = 0;
  const auto network = make_denoiser(GetParam().architecture, GetParam().config, "test");
  for (const auto& [name, parameter] : network->parameters()) {
    std::ostringstream shape;
    shape << parameter.sizes();
    EXPECT_EQ(shape.str(), expected[name]) << name;
    expected.erase(name);
    count += parameter.numel();
  }
  EXPECT_TRUE(expected.empty()) << "missing: " << expected.begin()->first;
  EXPECT_EQ(count, GetParam().parameters);
}

INSTANTIATE_TEST_SUITE_P(Table, PublishedKeys, testing::ValuesIn(kPublished));

}  // namespace
}  // namespace histoloom
