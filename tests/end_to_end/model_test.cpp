// `histoloom model check`: what it says of a bundle's weights.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support.h"

namespace histoloom::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

// A copy of the model whose model.json states its weights.
class ModelCheck : public testing::Test {
 protected:
  ModelCheck() : model_(copy_model(folder_)) {}

  Outcome check() const { return run({"model", "check", model_.string()}); }
  Outcome update() const { return run({"model", "check", "--update", model_.string()}); }
  ordered_json json() const { return ordered_json::parse(bytes_of(model_ / "model.json")); }
  std::string as_stated(const char* network) const {
    return fmt::format("{}/{}.safetensors: SHA-256 {}, as model.json states\n", model_.string(),
                       network, json()[network]["sha256"].get<std::string>());
  }
  // Flips a bit of a weight.
  void change(const char* network) const {
    const fs::path file = model_ / (std::string(network) + ".safetensors");
    std::string bytes = bytes_of(file);
    bytes[bytes.size() - 2] = static_cast<char>(bytes[bytes.size() - 2] ^ 1);
    write_bytes(file, bytes);
  }

  Folder folder_;
  const fs::path model_;
};

TEST_F(ModelCheck, SaysThatTheWeightsAreAsStatedAndChangesNothing) {
  const std::string before = bytes_of(model_ / "model.json");
  const Outcome outcome = check();
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out,
            as_stated("autoencoder") + as_stated("denoiser") + as_stated("mask_denoiser"));
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(bytes_of(model_ / "model.json"), before);
}

TEST_F(ModelCheck, ChangedWeightsAreAFaultUntilTheyAreAccepted) {
  const std::string before = json()["denoiser"]["sha256"];
  change("denoiser");
  const Outcome changed = check();
  EXPECT_EQ(changed.code, 1);
  EXPECT_EQ(changed.err, "");
  EXPECT_THAT(changed.out, testing::StartsWith(
                               as_stated("autoencoder") + model_.string() +
                               "/denoiser.safetensors: was changed or damaged: its SHA-256 is "));
  EXPECT_THAT(changed.out, testing::HasSubstr("model.json states " + before.substr(0, 12) + "..."));
  const Arguments paint =
      generate(folder_ / "s.svs", {"--model", model_.string(), "--size", "256x256", "--dry-run"});
  EXPECT_EQ(run(paint).code, 2);
  EXPECT_EQ(update().code, 0);
  EXPECT_NE(json()["denoiser"]["sha256"], before);
  EXPECT_EQ(check().code, 0);
  EXPECT_EQ(run(paint).code, 0);
}

TEST_F(ModelCheck, WeightsThatNobodyCanReadAreNotAccepted) {
  const std::string before = bytes_of(model_ / "model.json");
  change("autoencoder");
  const fs::path file = model_ / "denoiser.safetensors";
  write_bytes(file, bytes_of(file) + "x");
  const Outcome refused = update();
  EXPECT_NE(refused.code, 0);
  EXPECT_THAT(refused.err, testing::StartsWith("histoloom: " + file.string() +
                                               ": not a usable safetensors file: "));
  EXPECT_EQ(bytes_of(model_ / "model.json"), before);
}

TEST_F(ModelCheck, MissingWeightsAreAFault) {
  fs::remove(model_ / "autoencoder.safetensors");
  for (const Outcome& outcome : {check(), update()}) {
    EXPECT_EQ(outcome.code, 1);
    EXPECT_EQ(outcome.out, fmt::format("{}/autoencoder.safetensors: can't be opened: No such file "
                                       "or directory\n",
                                       model_.string()) +
                               as_stated("denoiser") + as_stated("mask_denoiser"));
  }
}

TEST_F(ModelCheck, WhatIsNoModelIsRefused) {
  const Outcome nowhere = run({"model", "check", folder_ / "nowhere"});
  EXPECT_EQ(nowhere.code, 2);
  EXPECT_EQ(nowhere.out, "");
  std::string twice = json().dump();
  twice.insert(twice.find("\"patch\""), "\"batch\":4,");
  write_bytes(model_ / "model.json", twice);
  for (const Outcome& outcome :
       {check(), update(), run(generate(folder_ / "s.svs", {"--model", model_.string()}))}) {
    EXPECT_EQ(outcome.code, 2);
    EXPECT_EQ(outcome.err, "histoloom: " + (model_ / "model.json").string() +
                               ": 'batch' stands in an object twice\n");
  }
}

TEST(DefaultModel, ItsModelJsonStatesItsWeights) {
  const Outcome outcome = run({"model", "check"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(outcome.out, testing::MatchesRegex("(.*_?[a-z]+\\.safetensors: SHA-256 "
                                                 "[0-9a-f]{64}, as model\\.json states\n){3}"));
}

}  // namespace
}  // namespace histoloom::test
