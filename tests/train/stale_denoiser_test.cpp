// What model.json states of weights that were trained, and of denoisers on latents that are gone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "histoloom/bundle/bundle.h"
#include "histoloom/bundle/weights_sum.h"
#include "train/test_training.h"

namespace histoloom {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

class Warnings final : public Progress {
 public:
  void start_stage(std::string_view, std::int64_t, std::string_view) override {}
  void update(std::int64_t, std::string_view) override {}
  void finish() override {}
  void warn(std::string_view message) override { lines.emplace_back(message); }

  std::vector<std::string> lines;
};

class StaleDenoiser : public Training {
 protected:
  // What a training of two steps warns of; it may replace weights of others (few_steps()).
  std::vector<std::string> warnings_of_autoencoder(const fs::path& model, bool decoder_only) {
    TrainOptions o = options(model);
    o.steps = 2;
    o.decoder_only = decoder_only;
    Warnings progress;
    train_autoencoder(o, progress);
    return progress.lines;
  }
  void train_the_denoiser(const fs::path& model) {
    TrainOptions o = options_of_denoiser(options(model));
    o.steps = 2;
    train_denoiser(o, silent_);
  }
  static std::string stale(const fs::path& model) {
    return (model / "denoiser.safetensors").string() +
           ": the denoiser was trained on latents of another autoencoder; train it again";
  }
};

TEST_F(StaleDenoiser, ModelJsonStatesTheSumsOfTrainedWeights) {
  const fs::path model = bundle("a");
  EXPECT_THAT(warnings_of_autoencoder(model, false), IsEmpty());
  train_the_denoiser(model);
  const ModelBundle trained = ModelBundle::read(model);
  EXPECT_EQ(trained.autoencoder.sha256, weights_sha256(model / "autoencoder.safetensors"));
  EXPECT_EQ(trained.denoiser.sha256, weights_sha256(model / "denoiser.safetensors"));
  EXPECT_EQ(trained.trained_on, trained.autoencoder.sha256);
  EXPECT_EQ(stale_text(trained), "");
}

TEST_F(StaleDenoiser, IsWarnedOfOnceTheAutoencoderIsTrainedAnew) {
  const fs::path model = half_bundle("a");
  train_the_denoiser(model);
  EXPECT_THAT(warnings_of_autoencoder(model, false), ElementsAre(stale(model)));
  EXPECT_EQ(stale_text(ModelBundle::read(model)), stale(model));
  train_the_denoiser(model);
  EXPECT_EQ(stale_text(ModelBundle::read(model)), "");
}

TEST_F(StaleDenoiser, ItIsNotOneWhoseDecoderAloneWasTrained) {
  const fs::path model = half_bundle("a");
  train_the_denoiser(model);
  const std::string before = ModelBundle::read(model).trained_on;
  EXPECT_THAT(warnings_of_autoencoder(model, true), IsEmpty());
  const ModelBundle trained = ModelBundle::read(model);
  EXPECT_EQ(trained.trained_on, trained.autoencoder.sha256);
  EXPECT_NE(trained.trained_on, before);
}

TEST_F(StaleDenoiser, StaysSoWhenTheDecoderAloneIsTrained) {
  const fs::path model = half_bundle("a");
  train_the_denoiser(model);
  EXPECT_THAT(warnings_of_autoencoder(model, false), ElementsAre(stale(model)));
  EXPECT_THAT(warnings_of_autoencoder(model, true), ElementsAre(stale(model)));
}

TEST_F(StaleDenoiser, NothingIsSaidOfADenoiserOfWhichNothingIsStated) {
  EXPECT_THAT(warnings_of_autoencoder(bundle("a", true), false), IsEmpty());
}

TEST_F(Training, WeightsThatModelJsonDoesNotStateAreNotTrainedOn) {
  const fs::path model = half_bundle("a");
  TrainOptions o = options(model);
  o.steps = 2;
  train_denoiser(o, silent_);
  const std::string stated = ModelBundle::read(model).denoiser.sha256;
  const fs::path weights = model / "denoiser.safetensors";
  std::string bytes = read_file(weights);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  write_bytes(weights, bytes);
  for (const bool resume : {false, true}) {
    o.resume = resume;
    EXPECT_EQ(message_of([&] { DenoiserTraining training(o); }),
              weights.string() + ": was changed or damaged: its SHA-256 is " +
                  weights_sha256(weights).substr(0, 12) + "..., model.json states " +
                  stated.substr(0, 12) +
                  "...; put the stated file back, or accept this one with 'histoloom model check "
                  "--update " +
                  model.string() + "'");
  }
}

TEST_F(Training, AnAutoencoderThatIsDoneLeavesWeightsAndStatisticsOfOthers) {
  const fs::path model = bundle("a");
  TrainOptions o = options(model), another = options(model);
  o.steps = another.steps = 2;
  train_autoencoder(o, silent_);
  another.checkpoint = scratch_ / "b.pt";
  another.seed = 10;
  train_autoencoder(another, silent_);
  const std::string json = read_file(model / "model.json");
  const std::string weights = weights_of(model, "autoencoder");
  o.resume = true;
  o.force = false;
  train_autoencoder(o, silent_);
  EXPECT_EQ(read_file(model / "model.json"), json);
  EXPECT_TRUE(weights_of(model, "autoencoder") == weights);
}

TEST_F(Training, AKillBeforeModelJsonStatesTheWeightsIsMadeGoodByAResume) {
  const fs::path model = bundle("a");
  TrainOptions o = options(model);
  o.force = false;
  o.steps = 2;
  train_autoencoder(o, silent_);
  const std::string whole = read_file(model / "model.json");
  nlohmann::ordered_json json = nlohmann::ordered_json::parse(whole);
  json["autoencoder"].erase("sha256");
  json["latent"]["mean"] = json["latent"]["deviation"] = {1, 1, 1, 1};
  write_bytes(model / "model.json", json.dump(2) + "\n");
  o.resume = true;
  train_autoencoder(o, silent_);
  EXPECT_EQ(read_file(model / "model.json"), whole);
}

}  // namespace
}  // namespace histoloom
