// Tiny networks, a few steps: what training writes, and what a resume repeats.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "histoloom/bundle/bundle.h"
#include "histoloom/networks/inference_thread.h"
#include "stop_at.h"
#include "train/test_training.h"
#include "training_log.h"

namespace histoloom {
namespace {

namespace fs = std::filesystem;

// ---- Learning

TEST_F(Training, TheAutoencodersLossFalls) {
  TrainOptions o = options(bundle("a"));
  o.steps = 300;
  o.learning_rate = 1e-3;  // without norms a larger one diverges
  StopAt progress;
  const AutoencoderReport report = train_autoencoder(o, progress);
  EXPECT_GT(report.psnr, 10);
  ASSERT_EQ(progress.details.size(), 300u);
  EXPECT_THAT(progress.details.front(), testing::StartsWith("loss "));
  EXPECT_LT(std::stod(progress.details.back().substr(5)),
            0.8 * std::stod(progress.details.front().substr(5)));
}

TEST_F(Training, TheAutoencoderStoresItsLatentsStatistics) {
  const fs::path model = bundle("a");
  train_autoencoder(options(model), silent_);
  const ModelBundle trained = ModelBundle::read(model);
  const auto network = load_autoencoder(trained, DType::float32);
  // Encoded again through what was written: mean 0, deviation 1, to half precision.
  const InferenceThread inference;
  std::vector<at::Tensor> latents;
  ImageSetOptions set;
  set.images = scratch_ / "images";
  for (const TrainingImage& image : read_image_set(set, train_labels())) {
    const at::Tensor pixels = at::from_blob(const_cast<std::uint8_t*>(image.pixels.data()),
                                            {image.size.height, image.size.width, 3}, at::kByte)
                                  .permute({2, 0, 1})
                                  .to(at::kFloat) /
                              255.0;
    latents.push_back(network
                          ->encode(pixels.slice(1, 0, image.size.height / 8 * 8)
                                       .slice(2, 0, image.size.width / 8 * 8)
                                       .unsqueeze(0))
                          .flatten(2)
                          .squeeze(0));
  }
  const at::Tensor all = at::cat(latents, 1);
  for (std::size_t c = 0; c < 4; ++c) {
    const at::Tensor channel = all[static_cast<std::int64_t>(c)];
    EXPECT_NEAR(channel.mean().item<float>(), trained.latent.mean[c], 2e-3f);
    EXPECT_NEAR(channel.std().item<float>() / trained.latent.deviation[c], 1, 5e-3f);
  }
}

TEST_F(Training, TheDenoiserLearns) {
  TrainOptions o = options(half_bundle("a"));
  o.steps = 2;
  const double before = train_denoiser(o, silent_).loss;
  o = options(half_bundle("b"));
  o.steps = 250;
  o.batch = 16;
  const double after = train_denoiser(o, silent_).loss;
  EXPECT_LT(after, 0.85 * before);
}

TEST_F(Training, WrittenWeightsAreFloat16AndLoad) {
  const fs::path model = half_bundle("a");
  train_denoiser(options(model), silent_);
  const SafetensorsFile file(model / "denoiser.safetensors");
  for (const std::string& name : file.names())
    EXPECT_EQ(read_tensor(file, name).scalar_type(), at::kHalf) << name;
  const auto network = load_denoiser(ModelBundle::read(model), DType::float32);
  const InferenceThread inference;
  at::manual_seed(1);
  const at::Tensor out = network->predict(at::randn({2, 4, 8, 8}), at::tensor({5.0f, 900.0f}),
                                          at::randint(4, {2, 8, 8}, at::kLong));
  EXPECT_TRUE(at::isfinite(out).all().item<bool>());
  EXPECT_GT(out.abs().max().item<float>(), 0.0f);
}

TEST_F(Training, ItGoesOnFromWeightsThatAreThere) {
  const fs::path model = bundle("a", true);
  TrainOptions o = options(model);
  o.steps = 1;
  o.learning_rate = 1e-9;
  const auto before = read_tensor(SafetensorsFile(model / "denoiser.safetensors"), "input.weight");
  train_denoiser(o, silent_);
  const auto after = read_tensor(SafetensorsFile(model / "denoiser.safetensors"), "input.weight");
  EXPECT_LT((after.to(at::kFloat) - before).abs().max().item<float>(), 1e-3f);
}

// ---- What is held out

TEST_F(Training, BothNetworksAreMeasuredOnWhatIsHeldOut) {
  TrainOptions o = options(bundle("a"));
  o.data.held_out_every = 3;  // p0, which has no labels
  train_autoencoder(o, silent_);
  train_denoiser(options_of_denoiser(o), silent_);
  for (const char* log : {"a.pt.csv", "d.pt.csv"}) {
    TrainingLog rows(scratch_ / log);
    rows.resume(12);
    ASSERT_EQ(rows.rows().size(), 3u) << log;
    EXPECT_EQ(rows.rows()[2].step, 12);
    for (const LogRow& row : rows.rows()) EXPECT_GT(row.held_out_loss.value(), 0);
  }
  // Curves of 900 × 360, and two rows of four samples: crops of 128 px, patches of 8 cells.
  const auto height_of = [](const fs::path& path) {
    return vips_image_get_height(open_vips_image(path).get());
  };
  EXPECT_EQ(height_of(scratch_ / "a.pt.png"), 32 + 360 + 2 * (24 + 128 + 16));
  EXPECT_EQ(height_of(scratch_ / "d.pt.png"), 32 + 360 + 2 * (24 + 3 * 64 + 16));
}

TEST_F(Training, HeldOutLossesAreThoseOfHeldOutImagesAlone) {
  // Of random weights that hardly change, where image 0 is held out and image `changed` is plain.
  const auto held_out_loss = [&](const std::string& network, int changed) {
    const std::string name = network + std::to_string(changed);
    TrainOptions o = options(bundle(name.c_str(), true));
    o.data.images = scratch_ / (name + "_images");
    fs::copy(scratch_ / "images", o.data.images, fs::copy_options::recursive);
    // Labelled too, since others are given the stain of those that are trained on.
    write_image(o.data.images / "p0_mask.png", {136, 150}, 1,
                std::vector<std::uint8_t>(136 * 150, 1));
    const PixelSize size{136 + 8 * changed, 150 - 6 * changed};
    if (changed >= 0)
      write_image(o.data.images / ("p" + std::to_string(changed) + ".png"), size, 3,
                  pixels_of(size, [](auto, auto) {
                    return Rgb{40, 10, 60};
                  }));
    o.data.held_out_every = 3;
    o.steps = 1;
    o.learning_rate = 1e-9;
    if (network == "autoencoder")
      train_autoencoder(o, silent_);
    else
      train_denoiser(o, silent_);
    TrainingLog log(o.checkpoint.string() + ".csv");
    log.resume(1);
    return log.rows().at(0).held_out_loss.value();
  };
  for (const char* network : {"autoencoder", "denoiser"}) {
    const double before = held_out_loss(network, -1);
    EXPECT_NEAR(held_out_loss(network, 2) / before, 1, 1e-4) << network;
    EXPECT_GT(std::abs(held_out_loss(network, 0) / before - 1), 1e-2) << network;
  }
}

TEST_F(Training, LatentsThatAreKeptChangeNothing) {
  const fs::path plain = half_bundle("plain"), kept = half_bundle("kept");
  train_denoiser(options(plain), silent_);
  for (int run = 0; run < 2; ++run) {
    fs::remove(kept / "denoiser.safetensors");
    TrainOptions o = options(kept);
    o.latents = scratch_ / "latents";
    train_denoiser(o, silent_);
    EXPECT_TRUE(weights_of(plain, "denoiser") == weights_of(kept, "denoiser"));
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(scratch_ / "latents"), fs::directory_iterator()),
            3);
}

TEST_F(Training, StainsVaryWithBothNetworks) {
  for (const char* network : {"autoencoder", "denoiser"}) {
    const auto trained = [&](const char* name, double augment) {
      const bool encoder = std::string(network) == "autoencoder";
      const fs::path model = bundle((name + std::string(network)).c_str(), !encoder);
      fs::remove(model / (std::string(network) + ".safetensors"));
      TrainOptions o = options(model);
      o.steps = 3;
      o.augment = augment;
      if (encoder)
        train_autoencoder(o, silent_);
      else
        train_denoiser(o, silent_);
      return weights_of(model, network);
    };
    EXPECT_FALSE(trained("plain", 0) == trained("stained", 1)) << network;
  }
}

// ---- Checkpoints

TEST_F(Training, AResumedDenoiserEqualsAnUnbrokenOneBitForBit) {
  const fs::path whole = half_bundle("whole"), broken = half_bundle("broken");
  train_denoiser(options(whole), silent_);
  for (const int stop : {7, 9}) {
    StopAt stopper(stop);
    TrainOptions o = options(broken);
    o.resume = stop == 9;
    EXPECT_EQ(message_of<Interrupted>([&] { train_denoiser(o, stopper); }),
              "training stopped at step " + std::to_string(stop) + "; go on with --resume");
    EXPECT_TRUE(fs::exists(o.checkpoint));
  }
  TrainOptions o = options(broken);
  o.resume = true;
  train_denoiser(o, silent_);
  EXPECT_TRUE(weights_of(whole, "denoiser") == weights_of(broken, "denoiser"));
}

TEST_F(Training, AResumedAutoencoderEqualsAnUnbrokenOneBitForBit) {
  const fs::path whole = bundle("whole"), broken = bundle("broken");
  const AutoencoderReport expected = train_autoencoder(options(whole), silent_);
  StopAt stopper(4);
  EXPECT_NE(message_of<Interrupted>([&] { train_autoencoder(options(broken), stopper); }), "");
  TrainOptions o = options(broken);
  o.resume = true;
  const AutoencoderReport got = train_autoencoder(o, silent_);
  EXPECT_EQ(got.psnr, expected.psnr);
  EXPECT_TRUE(weights_of(whole, "autoencoder") == weights_of(broken, "autoencoder"));
  EXPECT_EQ(read_file(whole / "model.json"), read_file(broken / "model.json"));
}

TEST_F(Training, AnotherSeedGivesOtherWeights) {
  const fs::path a = half_bundle("a"), b = half_bundle("b");
  TrainOptions o = options(a);
  o.steps = 2;
  train_denoiser(o, silent_);
  TrainOptions other = options(b);
  other.steps = 2;
  other.seed = 10;
  train_denoiser(other, silent_);
  EXPECT_FALSE(weights_of(a, "denoiser") == weights_of(b, "denoiser"));
}

TEST_F(Training, ItStopsBetweenTwoImagesThatAreEncoded) {
  class StopEncoding final : public Progress {
   public:
    void start_stage(std::string_view, std::int64_t, std::string_view) override { done_ = 0; }
    void update(std::int64_t done, std::string_view) override { done_ = done; }
    void finish() override {}
    void warn(std::string_view) override {}
    bool stop_requested() const override { return done_ == 2; }

   private:
    std::int64_t done_ = 0;
  } stop;
  TrainOptions o = options(half_bundle("a"));
  EXPECT_EQ(message_of<Interrupted>([&] { train_denoiser(o, stop); }),
            "training stopped before its first step; start it again, with --latents DIR to keep "
            "what is encoded");
  o.latents = scratch_ / "latents";
  EXPECT_EQ(message_of<Interrupted>([&] { train_denoiser(o, stop); }),
            "training stopped before its first step; start it again, it goes on with what is in " +
                o.latents.string());
  EXPECT_EQ(std::distance(fs::directory_iterator(o.latents), fs::directory_iterator()), 2);
  EXPECT_FALSE(fs::exists(o.checkpoint));
}

TEST_F(Training, AStoppedAutoencodersStatisticsAreThoseOfItsWeights) {
  const fs::path model = bundle("a");
  const std::vector<float> before = ModelBundle::read(model).latent.deviation;
  StopAt stopper(7);
  EXPECT_NE(message_of<Interrupted>([&] { train_autoencoder(options(model), stopper); }), "");
  const std::vector<float> stopped = ModelBundle::read(model).latent.deviation;
  EXPECT_NE(stopped, before);
  // No more images than statistics are taken of while training goes on: the end makes the same.
  TrainOptions o = options(model);
  o.resume = true;
  o.steps = 7;
  train_autoencoder(o, silent_);
  const std::vector<float> whole = ModelBundle::read(model).latent.deviation;
  for (std::size_t c = 0; c < whole.size(); ++c) EXPECT_NEAR(stopped[c] / whole[c], 1, 1e-3);
}

}  // namespace
}  // namespace histoloom
