// Training of the stages of a cascade.
#include <gtest/gtest.h>

#include "histoloom/bundle/bundle.h"
#include "histoloom/bundle/weights_sum.h"
#include "histoloom/networks/inference_thread.h"
#include "latent_cache.h"
#include "networks/test_cascade.h"
#include "shrink.h"
#include "test_training.h"

namespace histoloom {
namespace {

class CascadeTraining : public Training {
 protected:
  // Two stages, of 1 and 0.5 microns a pixel; the finer one sees the coarser.
  std::filesystem::path cascade(const char* name) {
    nlohmann::ordered_json json = small_cascade_json();
    json["label_set"]["labels"].push_back({{"id", 2}, {"name", "other"}, {"color", {0, 0, 9}}});
    json["stages"].erase(1);
    json["stages"][0]["mpp"] = 1;
    json["stages"][0]["name"] = "coarse";
    json["context"]["views"].erase(1);
    json["denoiser"]["config"]["context_channels"] = 5;
    const std::filesystem::path path = scratch_ / name;
    write_small_cascade(path, json);
    return path;
  }
  TrainOptions options_of_stage(const std::filesystem::path& model, const char* stage) {
    TrainOptions o = options(model);
    o.stage = stage;
    return o;
  }
};

TEST_F(CascadeTraining, EachStageTrainsItsOwnDenoiser) {
  const std::filesystem::path model = cascade("a");
  const std::string coarse = weights_of(model, "overview"), fine = weights_of(model, "denoiser");
  EXPECT_GT(train_denoiser(options_of_stage(model, "coarse"), silent_).loss, 0);
  EXPECT_NE(weights_of(model, "overview"), coarse);
  EXPECT_EQ(weights_of(model, "denoiser"), fine);
  TrainOptions o = options_of_stage(model, "");
  o.checkpoint = scratch_ / "fine.pt";
  train_denoiser(o, silent_);
  EXPECT_NE(weights_of(model, "denoiser"), fine);
  // What model.json states fits.
  const ModelBundle bundle = ModelBundle::read(model);
  EXPECT_FALSE(bundle.denoiser.sha256.empty());
  EXPECT_FALSE(bundle.stages[0].denoiser.sha256.empty());
  EXPECT_EQ(bundle.latent.colours.size(), 3u * (4 + 1 + 4)) << "fitted for --consistency";
  EXPECT_TRUE(bundle.stages[0].latent.colours.empty() ||
              bundle.stages[0].latent.colours == bundle.latent.colours);
  EXPECT_EQ(load_denoiser(bundle, DType::float32)->context_channels(), 5);
  EXPECT_EQ(load_denoiser(bundle.stages[0], DType::float32)->context_channels(), 0);
}

TEST_F(CascadeTraining, TheFinerStageLearnsFromWhatItSees) {
  const std::filesystem::path model = cascade("a");
  std::filesystem::remove(model / "denoiser.safetensors");
  TrainOptions o = options_of_stage(model, "fine");
  o.steps = 250;
  o.batch = 16;
  train_denoiser(o, silent_);
  const auto network = load_denoiser(ModelBundle::read(model), DType::float32);
  const InferenceThread inference;
  at::manual_seed(3);
  const at::Tensor y = at::randn({8, 4, 8, 8}), time = at::full({8}, 900.0f),
                   labels = at::zeros({8, 8, 8}, at::kLong);
  const auto under = [&](double value) {
    const at::Tensor context = at::cat(
        {at::full({8, 3, 8, 8}, value), at::zeros({8, 1, 8, 8}), at::ones({8, 1, 8, 8})}, 1);
    return network->predict(at::cat({y, context}, 1), time, labels);
  };
  EXPECT_GT((under(0.6) - under(-0.6)).abs().mean().item<double>(), 0.02);
}

TEST_F(CascadeTraining, AStageThatIsStoppedGoesOnToTheSameWeights) {
  const std::filesystem::path a = cascade("a"), b = cascade("b");
  train_denoiser(options_of_stage(a, "fine"), silent_);
  TrainOptions o = options_of_stage(b, "fine");
  o.stop_after = 5;
  train_denoiser(o, silent_);
  o.stop_after = 0;
  o.resume = true;
  train_denoiser(o, silent_);
  EXPECT_EQ(weights_of(a, "denoiser"), weights_of(b, "denoiser"));
}

TEST_F(CascadeTraining, WhatIsTooSmallForAStageIsLeftOut) {
  const std::filesystem::path model = cascade("a");
  nlohmann::ordered_json json = nlohmann::ordered_json::parse(read_text(model / "model.json"));
  json["stages"][0]["mpp"] = 0.5 * 150 / 64;  // p0 has 136 × 150 px, p2 152 × 138
  write_bytes(model / "model.json", json.dump());
  EXPECT_EQ(message_of([&] { DenoiserTraining(options_of_stage(model, "coarse")); }),
            "stage 'coarse' has 1.17 microns a pixel, at which no training image has 64 px a side; "
            "give larger images");
  json["stages"][0]["mpp"] = 0.5 * 140 / 64;  // p1 alone has 144 × 144
  write_bytes(model / "model.json", json.dump());
  EXPECT_GT(train_denoiser(options_of_stage(model, "coarse"), silent_).loss, 0);
  EXPECT_EQ(message_of([&] { DenoiserTraining(options_of_stage(model, "finest")); }),
            "--stage finest: model 'small' has the stages coarse, fine");
}

// ---- The autoencoder of a stage

TEST_F(CascadeTraining, AStagesAutoencoderIsTrainedByItself) {
  const std::filesystem::path model = cascade("a");
  nlohmann::ordered_json json = nlohmann::ordered_json::parse(read_text(model / "model.json"));
  json["stages"][0]["mpp"] = 0.55;  // p1 alone then has crops of 128 px
  json["stages"][0]["autoencoder"] = json["autoencoder"];
  json["stages"][0]["autoencoder"]["weights"] = "coarse_autoencoder.safetensors";
  write_bytes(model / "model.json", json.dump());
  std::filesystem::copy_file(model / "autoencoder.safetensors",
                             model / "coarse_autoencoder.safetensors");
  const std::string fine = weights_of(model, "autoencoder");
  const auto before = ModelBundle::read(model);
  TrainOptions o = options_of_stage(model, "coarse");
  o.force = true;  // weights that no training made
  train_autoencoder(o, silent_);
  EXPECT_EQ(weights_of(model, "autoencoder"), fine);
  EXPECT_NE(weights_of(model, "coarse_autoencoder"), fine);
  const auto after = ModelBundle::read(model);
  EXPECT_EQ(after.latent.mean, before.latent.mean);
  EXPECT_EQ(after.latent.colours, before.latent.colours);
  EXPECT_NE(after.stages[0].latent.mean, before.latent.mean);
  EXPECT_EQ(after.stages[0].latent.colours.size(), 3u * (4 + 1 + 4));
  EXPECT_EQ(after.stages[0].autoencoder.sha256,
            weights_sha256(model / "coarse_autoencoder.safetensors"));
  EXPECT_TRUE(after.autoencoder.sha256.empty());
}

TEST_F(CascadeTraining, AStageWithoutAnAutoencoderOfItsOwnIsRefused) {
  const std::filesystem::path model = cascade("a");
  const std::string before = read_text(model / "model.json");
  EXPECT_EQ(message_of([&] { AutoencoderTraining(options_of_stage(model, "coarse")); }),
            "--stage coarse: the stage has the autoencoder of 'fine'; train that, or give 'coarse' "
            "an 'autoencoder' of its own in model.json");
  EXPECT_EQ(read_text(model / "model.json"), before);
}

// ---- What the stages are shown

TEST(Shrink, KeepsMeansAndCutsOffWhatIsLeft) {
  at::manual_seed(1);
  const at::Tensor picture = at::rand({3, 41, 66});
  EXPECT_EQ(shrunk_size({66, 41}, 4), (PixelSize{16, 10}));
  const at::Tensor shrunk = shrink_picture(picture, 4);
  EXPECT_EQ(shrunk.sizes(), (std::vector<std::int64_t>{3, 10, 16}));
  EXPECT_NEAR(shrunk.mean().item<double>(), picture.mean().item<double>(), 0.01);
  EXPECT_TRUE(at::equal(shrink_picture(picture, 1), picture));
  EXPECT_TRUE(at::allclose(shrink_picture(at::full({3, 30, 30}, 0.25f), 2.5),
                           at::full({3, 12, 12}, 0.25f)));
}

TEST(Shrink, ARampStaysWhereItWas) {
  const at::Tensor ramp = at::arange(64, at::kFloat).view({1, 1, 64}).expand({3, 8, 64}) / 64;
  const at::Tensor shrunk = shrink_picture(ramp.contiguous(), 4);
  for (std::int64_t x = 2; x < 14; ++x)  // pixel x covers 4x to 4x + 3
    EXPECT_NEAR(shrunk[0][1][x].item<double>(), (4 * static_cast<double>(x) + 1.5) / 64, 1e-4);
}

}  // namespace
}  // namespace histoloom
