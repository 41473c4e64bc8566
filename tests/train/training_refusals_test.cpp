// Checkpoints, bundles and images that a training refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "train/test_training.h"

namespace histoloom {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

TEST_F(Training, CheckpointsOfAnythingElseAreRefused) {
  const fs::path model = bundle("a", true);
  TrainOptions o = options(model);
  const std::string path = o.checkpoint.string();
  o.steps = 1;
  train_autoencoder(o, silent_);
  o.resume = true;
  const auto denoiser_error = [&] { return message_of([&] { train_denoiser(o, silent_); }); };
  EXPECT_EQ(denoiser_error(), path + ": is a checkpoint of 'autoencoder', not of 'denoiser'");

  const std::string whole = read_file(path);
  for (const std::size_t share : {0, 1, 5, 9}) {
    write_bytes(path, whole.substr(0, whole.size() * share / 10));
    EXPECT_EQ(denoiser_error(), path + ": is not a checkpoint of this network, or is damaged");
  }
  fs::remove(path);
  EXPECT_EQ(denoiser_error(), path + ": no checkpoint to resume from; start without --resume");
}

TEST_F(Training, ACheckpointOfAnotherConfigurationIsRefused) {
  const fs::path model = bundle("a", true);
  TrainOptions o = options(model);
  o.steps = 1;
  train_denoiser(o, silent_);
  fs::remove(model / "denoiser.safetensors");
  nlohmann::ordered_json json = nlohmann::ordered_json::parse(read_file(model / "model.json"));
  json["denoiser"]["config"]["embedding"] = 20;
  write_bytes(model / "model.json", json.dump());
  o.resume = true;
  EXPECT_EQ(message_of([&] { train_denoiser(o, silent_); }),
            o.checkpoint.string() + ": is not a checkpoint of this network, or is damaged");
}

TEST_F(Training, TheDenoisersOptimiserIsMuonUnlessAskedOtherwise) {
  TrainOptions o = options(half_bundle("a"));
  o.steps = 1;
  train_denoiser(o, silent_);
  o.resume = true;
  o.optimizer = OptimizerKind::adamw;
  EXPECT_EQ(message_of([&] { train_denoiser(o, silent_); }),
            o.checkpoint.string() +
                ": was started with --optimizer muon, now adamw; go on as it was started, or start "
                "anew with --force");
  o.optimizer = OptimizerKind::muon;
  train_denoiser(o, silent_);
}

TEST_F(Training, ADenoiserOnOtherLatentsIsRefused) {
  const fs::path model = half_bundle("a");
  TrainOptions o = options_of_denoiser(options(model));
  o.steps = 1;
  train_denoiser(o, silent_);
  TrainOptions of_autoencoder = options(model);
  of_autoencoder.steps = 2;
  train_autoencoder(of_autoencoder, silent_);
  o.resume = true;
  EXPECT_THAT(message_of([&] { train_denoiser(o, silent_); }),
              testing::ContainsRegex("d.pt: was started with autoencoder .SHA-256 [0-9a-f]{12}., "
                                     "now .SHA-256 [0-9a-f]{12}.; go on as it was started"));
}

TEST_F(Training, AResumeOnOtherImagesIsRefusedByTheirSide) {
  TrainOptions o = options(half_bundle("a"));
  o.data.held_out_every = 3;
  o.steps = 1;
  train_denoiser(o, silent_);
  o.resume = true;
  const auto refusal_with_another = [&](int image, PixelSize size) {
    const fs::path file = o.data.images / ("p" + std::to_string(image) + ".png");
    const std::string before = read_file(file);
    write_image(file, size, 3, blobs(size, 9));
    const std::string refusal = message_of([&] { train_denoiser(o, silent_); });
    write_bytes(file, before);
    return refusal;
  };
  EXPECT_THAT(refusal_with_another(0, {136, 150}),
              testing::ContainsRegex("was started with held-out images: 1 .SHA-256 [0-9a-f]{12}., "
                                     "now 1 .SHA-256 [0-9a-f]{12}.; go on"));
  EXPECT_THAT(refusal_with_another(2, {152, 138}),
              testing::ContainsRegex("was started with training images: 2 .SHA-256 [0-9a-f]{12}., "
                                     "now 2 .SHA-256 [0-9a-f]{12}.; go on"));
  train_denoiser(o, silent_);
}

TEST_F(Training, AResumeOnAnotherNoiseScheduleIsRefused) {
  const fs::path model = half_bundle("a");
  TrainOptions o = options(model);
  o.steps = 1;
  train_denoiser(o, silent_);
  nlohmann::ordered_json json = nlohmann::ordered_json::parse(read_file(model / "model.json"));
  json["schedule"]["steps"] = 500;
  write_bytes(model / "model.json", json.dump());
  o.resume = true;
  EXPECT_THAT(message_of([&] { train_denoiser(o, silent_); }),
              testing::ContainsRegex("was started with noise schedule .SHA-256 .*, now .SHA-256 "));
}

TEST_F(Training, AResumeThatKeepsOtherLatentsIsRefused) {
  TrainOptions o = options(bundle("a"));
  o.steps = 1;
  train_autoencoder(o, silent_);
  o.resume = true;
  o.keep_latents = half_bundle("kept");
  EXPECT_THAT(message_of([&] { train_autoencoder(o, silent_); }),
              testing::ContainsRegex("was started with --keep-latents left out, now .SHA-256 "));
}

TEST_F(Training, LatentsThatCantBeKeptAreRefusedBeforeAnyWork) {
  write_bytes(scratch_ / "file", "");
  TrainOptions o = options(half_bundle("a"));
  o.latents = scratch_ / "file" / "latents";
  EXPECT_EQ(message_of([&] { DenoiserTraining training(o); }),
            "--latents " + o.latents.string() + ": can't be made: " + (scratch_ / "file").string() +
                " is no folder");
}

TEST_F(Training, ADenoiserThatDoesNotFitTheBundleIsRefusedBeforeImagesAreRead) {
  nlohmann::ordered_json json = small_model_json();
  json["denoiser"]["config"]["latent_channels"] = 5;
  write_small_bundle(scratch_ / "a", json);
  TrainOptions o = options(scratch_ / "a");
  o.data.images = scratch_ / "nowhere";
  EXPECT_THAT(message_of([&] { train_denoiser(o, silent_); }),
              HasSubstr("denoiser has latent channels 5, model.json says 4"));
}

TEST_F(Training, ADenoiserNeedsAnAutoencoderBeforeImagesAreRead) {
  TrainOptions o = options(bundle("a"));
  o.data.images = scratch_ / "nowhere";
  EXPECT_THAT(message_of([&] { train_denoiser(o, silent_); }),
              HasSubstr((scratch_ / "a" / "autoencoder.safetensors").string()));
}

TEST_F(Training, ImagesSmallerThanACropAreNamed) {
  const PixelSize size{100, 200};
  write_image(scratch_ / "images" / "small.png", size, 3, blobs(size, 0));
  EXPECT_EQ(message_of([&] { train_autoencoder(options(bundle("a")), silent_); }),
            "training image 'small' is 100x200 px, at least 128 a side are needed");
  write_image(scratch_ / "images" / "small.png", {200, 63}, 3, blobs({200, 63}, 0));
  EXPECT_EQ(message_of([&] { train_denoiser(options(half_bundle("b")), silent_); }),
            "training image 'small' is 200x63 px, at least 64 a side are needed");
}

}  // namespace
}  // namespace histoloom
