// The SHA-256 of weights in model.json: how it is checked, stated and replaced.
#include "histoloom/bundle/weights_sum.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "histoloom/bundle/mask_model.h"
#include "histoloom/bundle/stated_weights.h"
#include "histoloom/core/file.h"
#include "histoloom/core/sha256.h"
#include "networks/test_model.h"

namespace histoloom {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

class WeightsSums : public testing::Test {
 protected:
  WeightsSums() {
    write_small_bundle(scratch_.path());
    state_weights(scratch_.path());
  }
  fs::path file(const char* network) const {
    return scratch_ / (std::string(network) + ".safetensors");
  }
  ModelBundle bundle() const { return ModelBundle::read(scratch_.path()); }
  ordered_json json() const { return ordered_json::parse(read_file(scratch_ / "model.json")); }
  void write(const ordered_json& json) const { write_bytes(scratch_ / "model.json", json.dump(2)); }
  // Flips a bit of the last tensor; gives what is then said of the file.
  std::string change(const char* network) const {
    const std::string before = weights_sha256(file(network));
    std::string bytes = read_file(file(network));
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    write_bytes(file(network), bytes);
    return fmt::format(
        "{}: was changed or damaged: its SHA-256 is {}..., model.json states {}...; put the stated "
        "file back, or accept this one with 'histoloom model check --update {}'",
        file(network).string(), weights_sha256(file(network)).substr(0, 12), before.substr(0, 12),
        scratch_.path().string());
  }
  std::string denoiser_refusal() const {
    return message_of([&] { load_denoiser(bundle(), DType::float32); });
  }

  const ScratchDirectory scratch_;
};

TEST(WeightsSum, IsThatOfTheFile) {
  const ScratchDirectory scratch;
  write_bytes(scratch / "w", "abc");
  // printf abc | sha256sum
  EXPECT_EQ(weights_sha256(scratch / "w"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  write_bytes(scratch / "w", "");
  EXPECT_EQ(weights_sha256(scratch / "w"),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(message_of([&] { weights_sha256(scratch / "x"); }),
            (scratch / "x").string() + ": can't be opened: No such file or directory");
}

TEST_F(WeightsSums, WeightsAsStatedLoad) {
  EXPECT_EQ(load_denoiser(bundle(), DType::float32)->channels(), 4);
  EXPECT_EQ(load_autoencoder(bundle(), DType::float32)->channels(), 4);
}

TEST_F(WeightsSums, ChangedWeightsAreRefused) {
  const std::string denoiser = change("denoiser"), autoencoder = change("autoencoder");
  EXPECT_EQ(denoiser_refusal(), denoiser);
  EXPECT_EQ(message_of([&] { load_autoencoder(bundle(), DType::float32); }), autoencoder);
}

TEST_F(WeightsSums, ChangedWeightsOfAMaskDenoiserAreRefused) {
  ordered_json with_masks = json();
  with_masks["label_set"]["labels"].push_back({{"id", 2}, {"name", "other"}, {"color", {0, 0, 9}}});
  with_masks["mask"] = {{"cell", 16},         {"patch", 8},
                        {"batch", 2},         {"scale", 0.25},
                        {"prediction", "x0"}, {"defaults", with_masks["defaults"]}};
  with_masks["mask_denoiser"] = {{"architecture", "label_map_unet"},
                                 {"config", with_masks["denoiser"]["config"]},
                                 {"weights", "mask.safetensors"}};
  with_masks["mask_denoiser"]["config"]["latent_channels"] = 2;
  write(with_masks);
  write_safetensors(file("mask"), MaskModel(bundle()).make()->parameters(), {});
  state_weights(scratch_.path());
  EXPECT_EQ(MaskModel(bundle()).load(DType::float32)->channels(), 2);
  const std::string changed = change("mask");
  EXPECT_EQ(message_of([&] { MaskModel(bundle()).load(DType::float32); }), changed);
}

TEST_F(WeightsSums, AFileThatIsNoneOfWeightsIsNamedAsSuchFirst) {
  const std::string whole = read_file(file("denoiser"));
  write_bytes(file("denoiser"), whole.substr(0, whole.size() - 1));
  EXPECT_THAT(denoiser_refusal(),
              testing::StartsWith(file("denoiser").string() + ": not a usable safetensors file: "));
  write_bytes(file("denoiser"), "");
  EXPECT_THAT(denoiser_refusal(),
              testing::StartsWith(file("denoiser").string() + ": not a file of weights; "));
  fs::remove(file("denoiser"));
  EXPECT_EQ(denoiser_refusal(),
            file("denoiser").string() + ": can't be opened: No such file or directory");
}

TEST_F(WeightsSums, ANetworkThatIsLoadedAgainIsCheckedAgainOnlyIfItsFileChanged) {
  const ModelBundle read_once = bundle();
  load_denoiser(read_once, DType::float32);
  load_denoiser(read_once, DType::float32);
  const std::string changed = change("denoiser");
  EXPECT_EQ(message_of([&] { load_denoiser(read_once, DType::float32); }), changed);
}

TEST_F(WeightsSums, OfABundleThatStatesNoneNothingIsChecked) {
  write(small_model_json());
  static_cast<void>(change("denoiser"));
  EXPECT_EQ(denoiser_refusal(), "");
}

TEST_F(WeightsSums, TheModelsSumIsThatOfModelJsonAlone) {
  const std::string text = read_file(scratch_ / "model.json");
  EXPECT_EQ(bundle().sha256(), Sha256().add_part("model.json").add_part(text).hex());
  // A sum that isn't stated: the file is hashed as ever.
  ordered_json without = json();
  without["denoiser"].erase("sha256");
  write(without);
  EXPECT_EQ(bundle().sha256(), Sha256()
                                   .add_part("model.json")
                                   .add_part(without.dump(2))
                                   .add_part("denoiser.safetensors")
                                   .add_part(read_file(file("denoiser")))
                                   .hex());
}

// ---- model check

std::vector<std::string> texts_of(const std::vector<WeightsFinding>& findings) {
  std::vector<std::string> out;
  for (const WeightsFinding& finding : findings)
    out.push_back((finding.fault ? "fault: " : "") + finding.text);
  return out;
}

TEST_F(WeightsSums, ALineSaysWhatTheWeightsOfEachNetworkAreLike) {
  const auto line = [&](const char* network, const char* how) {
    return fmt::format("{}: SHA-256 {}, {}", file(network).string(), weights_sha256(file(network)),
                       how);
  };
  EXPECT_THAT(texts_of(check_weights(bundle())),
              testing::ElementsAre(line("autoencoder", "as model.json states"),
                                   line("denoiser", "as model.json states")));
  ordered_json without = json();
  without["denoiser"].erase("sha256");
  write(without);
  EXPECT_THAT(texts_of(check_weights(bundle())),
              testing::ElementsAre(line("autoencoder", "as model.json states"),
                                   line("denoiser", "which model.json doesn't state")));
  const std::string changed = change("autoencoder");
  fs::remove(file("denoiser"));
  EXPECT_THAT(texts_of(check_weights(bundle())),
              testing::ElementsAre("fault: " + changed,
                                   "fault: " + file("denoiser").string() +
                                       ": can't be opened: No such file or directory"));
}

TEST_F(WeightsSums, AnUpdateStatesTheWeightsAsTheyAreAndNothingElse) {
  ordered_json before = json();
  before["denoiser"]["autoencoder_sha256"] = before["autoencoder"]["sha256"];
  write(before);
  change("autoencoder");
  for (const WeightsFinding& finding : state_weights(scratch_.path())) EXPECT_FALSE(finding.fault);
  ordered_json expected = before;
  expected["autoencoder"]["sha256"] = weights_sha256(file("autoencoder"));
  EXPECT_EQ(json(), expected);
  EXPECT_EQ(stale_text(bundle()),
            file("denoiser").string() +
                ": the denoiser was trained on latents of another autoencoder; train it again");
  // Another denoiser: nobody knows what it was trained on.
  change("denoiser");
  state_weights(scratch_.path());
  EXPECT_EQ(bundle().trained_on, "");
  EXPECT_EQ(stale_text(bundle()), "");
}

TEST_F(WeightsSums, AnUpdateLeavesMissingWeightsAsTheyAreStated) {
  const ordered_json before = json();
  fs::remove(file("denoiser"));
  const std::vector<WeightsFinding> findings = state_weights(scratch_.path());
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_TRUE(findings[1].fault);
  EXPECT_EQ(json(), before);
}

// ---- Stale denoisers

TEST_F(WeightsSums, ADenoiserIsStaleByTheFileIfModelJsonStatesNoSumOfTheAutoencoder) {
  ordered_json unstated = json();
  unstated["denoiser"]["autoencoder_sha256"] = unstated["autoencoder"]["sha256"];
  unstated["autoencoder"].erase("sha256");
  write(unstated);
  EXPECT_EQ(stale_text(bundle()), "");
  change("autoencoder");
  EXPECT_NE(stale_text(bundle()), "");
  fs::remove(file("autoencoder"));
  EXPECT_EQ(stale_text(bundle()), "");
}

// ---- Replacing weights

TEST_F(WeightsSums, WithdrawnSumsAreStatedAnew) {
  const std::string a(64, 'a'), b(64, 'b'), c(64, 'c');
  const StatedWeights denoiser{scratch_.path(), "denoiser", a};
  denoiser.state(b, "");
  EXPECT_EQ(denoiser.stated(), b);
  EXPECT_EQ(bundle().trained_on, a);
  denoiser.withdraw();
  EXPECT_EQ(denoiser.stated(), "");
  EXPECT_EQ(bundle().trained_on, "");
  denoiser.state(b, "");
  // The same latents: a denoiser that was up to date stays so, and no other one.
  const StatedWeights autoencoder{scratch_.path(), "autoencoder", "", true};
  autoencoder.state(c, b);
  EXPECT_EQ(bundle().trained_on, a);
  autoencoder.state(c, a);
  EXPECT_EQ(bundle().trained_on, c);
  EXPECT_EQ(bundle().denoiser.sha256, b);
}

}  // namespace
}  // namespace histoloom
