// Training from the command line: what is refused before any work, and a disk that is full.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "support.h"

namespace histoloom::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::StartsWith;

// The smallest mask denoiser; nothing of the rest has weights.
constexpr char kModel[] = R"({
  "schema": 1, "name": "tiny", "version": "1", "licence": "CC0-1.0", "provenance": "a test",
  "mpp": 0.5, "magnification": 20,
  "label_set": {"labels": [{"id": 0, "name": "unknown", "color": [0, 0, 0]},
                           {"id": 1, "name": "tissue", "color": [200, 0, 0]},
                           {"id": 2, "name": "other", "color": [0, 200, 0]},
                           {"id": 3, "name": "glass", "color": [240, 240, 240]}],
                "unknown": 0, "glass": 3},
  "prompts": ["first"],
  "latent": {"channels": 4, "downsampling": 8, "mean": [0, 0, 0, 0], "deviation": [1, 1, 1, 1]},
  "patch": 8, "batch": 2, "decode": {"window": 8, "overlap": 2},
  "schedule": {"type": "cosine", "steps": 1000}, "prediction": "v", "clip": null,
  "defaults": {"sampler": "ddim", "plan": "shifted", "steps": 4, "eta": 0, "guidance": 0,
               "guidance_interval": [0, 1]},
  "autoencoder": {"architecture": "pixel_shuffle_autoencoder",
                  "config": {"latent_channels": 4, "fine_width": 8, "coarse_width": 8,
                             "fine_blocks": 1, "coarse_blocks": 1},
                  "weights": "autoencoder.safetensors"},
  "denoiser": {"architecture": "label_map_unet",
               "config": {"latent_channels": 4, "labels": 4, "widths": [8, 16], "blocks": 1,
                          "heads": 2, "groups": 4, "embedding": 16},
               "weights": "denoiser.safetensors"},
  "mask": {"cell": 16, "patch": 8, "batch": 2, "scale": 0.25, "prediction": "x0",
           "defaults": {"sampler": "ddim", "plan": "shifted", "steps": 4, "eta": 0, "guidance": 0,
                        "guidance_interval": [0, 1]}},
  "mask_denoiser": {"architecture": "label_map_unet",
                    "config": {"latent_channels": 2, "labels": 3, "widths": [8, 16], "blocks": 1,
                               "heads": 2, "groups": 4, "embedding": 16},
                    "weights": "mask_denoiser.safetensors"}})";

class Train : public testing::Test {
 protected:
  Train() {
    fs::create_directories(folder_ / "model");
    write_bytes(folder_ / "model/model.json", kModel);
    fs::create_directories(folder_ / "masks");
    write_mask(folder_ / "masks/a.png", 192, 192, [](int x, int) { return x < 100 ? 1 : 2; });
  }
  // A training of six steps; `values` replace or add options, `flags` come last.
  Arguments train(const std::map<std::string, std::string>& values = {},
                  const Arguments& flags = {}, const char* network = "mask") const {
    std::map<std::string, std::string> all{{"--model", (folder_ / "model").string()},
                                           {"--images", (folder_ / "masks").string() + ":first"},
                                           {"--checkpoint", (folder_ / "c.pt").string()},
                                           {"--steps", "6"},
                                           {"--batch", "2"},
                                           {"--threads", "1"},
                                           {"--dtype", "float32"}};
    for (const auto& [option, value] : values) all[option] = value;
    Arguments out{"train", network, "--quiet"};
    for (const auto& [option, value] : all) out.insert(out.end(), {option, value});
    out.insert(out.end(), flags.begin(), flags.end());
    return out;
  }
  // A folder with an image to train on.
  fs::path write_images() const {
    const fs::path images = folder_ / "images";
    fs::create_directories(images);
    write_image(images / "a.png", 192, 160, 3,
                [](int x, int y, int band) { return 90 + (x * 7 + y * 5 + band * 40) % 120; });
    return images;
  }
  // The message of a run that was refused as wrong input, having changed nothing.
  std::string refusal(const Arguments& arguments) const {
    const std::vector<std::string> before = folder_.listing();
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, 2) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(folder_.listing(), before);
    return outcome.err;
  }

  Folder folder_;
};

TEST_F(Train, WritesWeightsCheckpointLogAndCurves) {
  const Outcome outcome = run(train());
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, StartsWith("loss over the last tenth of the steps: "));
  EXPECT_THAT(
      folder_.listing(),
      testing::ElementsAre("c.pt", "c.pt.csv", "c.pt.png", "masks/", "masks/a.png", "model/",
                           "model/mask_denoiser.safetensors", "model/model.json"));
  EXPECT_THAT(bytes_of(folder_ / "c.pt.csv"),
              StartsWith("step,loss,held_out_loss,learning_rate,seconds\n6,"));
}

TEST_F(Train, TellsItsStepsAsJson) {
  const auto last = [&](const Arguments& flags) {
    Arguments arguments = train({}, flags);
    std::erase(arguments, "--quiet");
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    std::istringstream lines(outcome.err);
    nlohmann::json object;
    for (std::string line; std::getline(lines, line);) object = nlohmann::json::parse(line);
    return object;
  };
  // It ends after the steps that it was told to take.
  const nlohmann::json stopped = last({"--progress", "json", "--stop-after", "4"});
  EXPECT_EQ(stopped.value("event", ""), "end");
  EXPECT_EQ(stopped.value("stage", ""), "training mask");
  EXPECT_EQ(stopped.value("done", 0), 4);
  EXPECT_EQ(stopped.value("total", 0), 6);
  EXPECT_EQ(stopped.value("share", 0.0), 1);
  EXPECT_THAT(stopped.value("detail", ""), StartsWith("loss "));
  const nlohmann::json whole = last({"--progress", "json", "--resume"});
  EXPECT_EQ(whole.value("done", 0), 6);
  EXPECT_EQ(whole.value("share", 0.0), 1);
}

TEST_F(Train, UnusableInputIsRefusedBeforeAnyWork) {
  EXPECT_THAT(refusal(train({{"--model", (folder_ / "nowhere").string()}})),
              HasSubstr("nowhere' has no model.json"));
  EXPECT_THAT(refusal(train({{"--images", (folder_ / "nowhere").string()}})),
              HasSubstr("nowhere: can't be listed: No such file or directory"));
  EXPECT_EQ(
      refusal(train({{"--checkpoint", (folder_ / "no/c.pt").string()}})),
      fmt::format("histoloom: --checkpoint {0}/no/c.pt: the directory '{0}/no' does not exist; "
                  "make it first\n",
                  folder_.path().string()));
  EXPECT_THAT(refusal(train({}, {"--resume"})), HasSubstr("c.pt: no checkpoint to resume from"));
  EXPECT_THAT(refusal(train({{"--images", (folder_ / "masks").string() + ":third"}})),
              HasSubstr("'third' is not a prompt"));
  EXPECT_THAT(refusal(train({{"--steps", "0"}})), HasSubstr("--steps must be from 1"));
  EXPECT_THAT(refusal({"train", "autoencoder", "--model", (folder_ / "model").string(), "--images",
                       (folder_ / "masks").string(), "--checkpoint", (folder_ / "c.pt").string(),
                       "--decoder-only"}),
              HasSubstr("--decoder-only: there is no autoencoder to go on from, "));
}

TEST_F(Train, ACheckpointIsOnlyReplacedWithForceAndOnlyResumedAsItWasStarted) {
  ASSERT_EQ(run(train({{"--stop-after", "3"}})).code, 0);
  EXPECT_THAT(refusal(train()), HasSubstr("exists; go on from it with --resume, or start anew"));
  EXPECT_THAT(refusal(train({{"--seed", "5"}}, {"--resume"})),
              HasSubstr("was started with --seed 0, now 5"));
  EXPECT_EQ(run(train({}, {"--resume"})).code, 0);
  EXPECT_EQ(run(train({{"--seed", "5"}}, {"--force"})).code, 0);
}

TEST_F(Train, WeightsOfAnotherTrainingAreOnlyReplacedWithForce) {
  ASSERT_EQ(run(train()).code, 0);
  const fs::path weights = folder_ / "model/mask_denoiser.safetensors";
  const std::string first = bytes_of(weights);
  const std::string refused = "histoloom: " + weights.string() +
                              ": holds weights that this training did not make; train a copy of "
                              "the bundle, or replace them with --force\n";
  const std::map<std::string, std::string> another{{"--checkpoint", (folder_ / "d.pt").string()}};
  EXPECT_EQ(refusal(train(another)), refused);
  EXPECT_TRUE(bytes_of(weights) == first);
  ASSERT_EQ(run(train(another, {"--force"})).code, 0);
  const std::string second = bytes_of(weights);
  EXPECT_FALSE(second == first);
  // The first training is done, and leaves them; to go on it would replace them.
  EXPECT_EQ(run(train({}, {"--resume"})).code, 0);
  EXPECT_TRUE(bytes_of(weights) == second);
  EXPECT_EQ(refusal(train({{"--steps", "8"}}, {"--resume"})), refused);
  EXPECT_EQ(run(train({{"--steps", "8"}}, {"--resume", "--force"})).code, 0);
}

TEST_F(Train, ADenoiserOnLatentsThatAreGoneIsNamedAsStale) {
  const fs::path images = write_images();
  const std::string model = (folder_ / "model").string();
  const auto run_of = [&](const char* network, const char* checkpoint) {
    return run(train({{"--images", images.string()},
                      {"--steps", "2"},
                      {"--checkpoint", (folder_ / checkpoint).string()}},
                     {"--force"}, network));
  };
  const auto painted = [&] {
    write_mask(folder_ / "mask.png", 64, 64, [](int, int) { return 1; });
    return run(generate(folder_ / "s.svs", {"--model", model, "--mask", folder_ / "mask.png",
                                            "--size", "64x64", "--force"}));
  };
  const std::string stale =
      "histoloom: warning: " + model +
      "/denoiser.safetensors: the denoiser was trained on latents of another autoencoder; train it "
      "again\n";
  for (const char* network : {"autoencoder", "denoiser"}) {
    const Outcome outcome = run_of(network, network);
    EXPECT_EQ(outcome.code, 0);
    EXPECT_EQ(outcome.err, "");
  }
  // Nothing is painted with it, but the manifest says of what files the model consists.
  write_bytes(folder_ / "model/mask_denoiser.safetensors", "none");
  Outcome outcome = painted();
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");

  outcome = run_of("autoencoder", "again");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err, stale);
  outcome = painted();
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err, stale);
  EXPECT_EQ(run_of("denoiser", "denoiser").err, "");
  EXPECT_EQ(painted().err, "");
}

TEST_F(Train, OptionsOfTheImagesNetworksReachThem) {
  const fs::path images = write_images();
  fs::copy(folder_ / "model", folder_ / "other", fs::copy_options::recursive);
  using Options = std::map<std::string, std::string>;
  const auto run_of = [&](const char* network, const char* model, Options options,
                          const Arguments& flags = {}) {
    options.insert({{"--model", (folder_ / model).string()},
                    {"--images", images.string()},
                    {"--checkpoint", (folder_ / model).string() + "_" + network}});
    return run(train(options, flags, network));
  };
  const auto refused_resume = [&](const char* network, const char* model, const Options& options) {
    const Outcome outcome = run_of(network, model, options, {"--resume"});
    EXPECT_EQ(outcome.code, 2);
    return outcome.err;
  };
  const std::string other = (folder_ / "other").string(), latents = (folder_ / "latents").string();
  ASSERT_EQ(run_of("autoencoder", "other", {}).code, 0);
  const Outcome trained =
      run_of("autoencoder", "model", {{"--augment", "0.5"}, {"--keep-latents", other}});
  ASSERT_EQ(trained.code, 0) << trained.err;
  EXPECT_THAT(trained.out, testing::MatchesRegex("training patches: PSNR .* dB, power spectrum off "
                                                 "by at most .* dB\n"));
  EXPECT_THAT(refused_resume("autoencoder", "model", {{"--keep-latents", other}}),
              HasSubstr("was started with --augment 0.5, now 0;"));
  EXPECT_THAT(refused_resume("autoencoder", "model", {{"--augment", "0.5"}}),
              HasSubstr("was started with --keep-latents (SHA-256 "));

  const Outcome painted = run_of("denoiser", "model", {{"--turns", "2"}, {"--latents", latents}});
  ASSERT_EQ(painted.code, 0) << painted.err;
  EXPECT_EQ(std::distance(fs::directory_iterator(latents), fs::directory_iterator()), 2)
      << "the image, and as it is turned by 45 degrees";
  EXPECT_THAT(refused_resume("denoiser", "model", {}),
              HasSubstr("was started with --turns 2, now 1;"));
  EXPECT_EQ(run_of("denoiser", "model", {{"--turns", "2"}}, {"--resume"}).code, 0);
}

TEST_F(Train, AFullDiskIsNamedAndNothingIsLost) {
  SmallDisk disk(folder_ / "disk");
  if (!disk.resize("100k")) GTEST_SKIP() << disk.why();
  const std::string checkpoint = (folder_ / "disk/c.pt").string();
  const Arguments arguments = train({{"--checkpoint", checkpoint}, {"--checkpoint-every", "3"}});
  const Outcome full = run(arguments);
  EXPECT_EQ(full.code, 1);
  EXPECT_EQ(full.err, "histoloom: " + checkpoint +
                          ": can't be written: No space left on device; make room and start "
                          "again\n");
  EXPECT_FALSE(fs::exists(checkpoint));
  EXPECT_FALSE(fs::exists(checkpoint + ".tmp"));

  ASSERT_TRUE(disk.resize("16m"));
  Arguments part = arguments;
  part.insert(part.end(), {"--stop-after", "3"});
  ASSERT_EQ(run(part).code, 0);
  const std::string before = bytes_of(checkpoint);
  write_bytes(folder_ / "disk/filler", std::string(15'500'000, 'x'));
  Arguments resumed = arguments;
  resumed.push_back("--resume");
  const Outcome again = run(resumed);
  EXPECT_EQ(again.code, 1);
  EXPECT_THAT(again.err, HasSubstr("make room and go on with --resume"));
  EXPECT_TRUE(bytes_of(checkpoint) == before);
  fs::remove(folder_ / "disk/filler");
  EXPECT_EQ(run(resumed).code, 0);
}

}  // namespace
}  // namespace histoloom::test
