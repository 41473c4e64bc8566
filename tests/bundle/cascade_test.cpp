// Bundles of several stages: what model.json says of them.
#include <gtest/gtest.h>

#include "histoloom/bundle/bundle.h"
#include "histoloom/bundle/stated_weights.h"
#include "histoloom/bundle/weights_sum.h"
#include "networks/test_cascade.h"

namespace histoloom {
namespace {

using nlohmann::ordered_json;

class Cascade : public testing::Test {
 protected:
  ModelBundle read(const ordered_json& json) const {
    return ModelBundle::parse(json.dump(), scratch_.path());
  }
  std::string refusal(const ordered_json& json) const {
    return message_of([&] { read(json); });
  }
  std::string file() const { return (scratch_ / "model.json").string() + ": "; }

  ScratchDirectory scratch_;
};

TEST_F(Cascade, ABundleWithoutStagesIsItsOnlyOne) {
  const ModelBundle bundle = read(small_model_json());
  EXPECT_TRUE(bundle.stages.empty());
  EXPECT_FALSE(bundle.context.has_value());
  EXPECT_EQ(bundle.stage, "");
  EXPECT_EQ(bundle.image().name, "latents");
  EXPECT_EQ(message_of([&] { bundle.stage_named("coarse"); }),
            "--stage coarse: model 'small' has no stages");
}

TEST_F(Cascade, AStageSaysWhatDiffersFromTheBundle) {
  ordered_json json = small_cascade_json();
  json["stages"][0]["latent"] = json["latent"];
  json["stages"][0]["latent"]["mean"] = {1, 2, 3, 4};
  const ModelBundle bundle = read(json);
  ASSERT_EQ(bundle.stages.size(), 2u);
  EXPECT_EQ(bundle.stage, "fine");
  EXPECT_EQ(bundle.context->views, (std::vector<ContextView>{{1, 1}, {3, 1}}));
  const ModelBundle &coarsest = bundle.stages[0], &middle = bundle.stages[1];
  EXPECT_EQ(coarsest.stage, "overview");
  EXPECT_EQ(coarsest.mpp, 8);
  EXPECT_EQ(coarsest.patch, 8) << "the bundle's";
  EXPECT_EQ(coarsest.latent.mean, (std::vector<float>{1, 2, 3, 4}));
  EXPECT_FALSE(coarsest.context.has_value());
  EXPECT_TRUE(coarsest.is_coarser);
  EXPECT_EQ(coarsest.image().name, "overview latents");
  EXPECT_EQ(middle.mpp, 2);
  EXPECT_EQ(middle.defaults.steps, 5);
  EXPECT_EQ(middle.latent.mean, bundle.latent.mean);
  EXPECT_EQ(middle.labels.text(), bundle.labels.text());
  ASSERT_EQ(middle.stages.size(), 1u) << "a cascade by itself";
  EXPECT_EQ(middle.stages[0].stage, "overview");
  EXPECT_TRUE(middle.image().context.has_value());
  EXPECT_EQ(&bundle.stage_named("middle"), &middle);
  EXPECT_EQ(&bundle.stage_named("fine"), &bundle);
  EXPECT_EQ(message_of([&] { bundle.stage_named("finest"); }),
            "--stage finest: model 'small' has the stages overview, middle, fine");
}

TEST_F(Cascade, NetworksOfAllStagesHaveKeys) {
  ordered_json json = small_cascade_json();
  json["stages"][1]["autoencoder"] = json["autoencoder"];
  json["stages"][1]["autoencoder"]["weights"] = "other.safetensors";
  std::vector<std::string> keys;
  for (const auto& [key, network] : read(json).networks()) keys.push_back(key);
  EXPECT_EQ(keys,
            (std::vector<std::string>{"autoencoder", "denoiser", "stages.overview.denoiser",
                                      "stages.middle.autoencoder", "stages.middle.denoiser"}));
}

TEST_F(Cascade, SumsOfAStagesWeightsAreStatedAndChecked) {
  write_small_cascade(scratch_.path());
  for (const WeightsFinding& finding : state_weights(scratch_.path())) EXPECT_FALSE(finding.fault);
  ModelBundle bundle = ModelBundle::read(scratch_.path());
  EXPECT_EQ(bundle.stages[1].denoiser.sha256, weights_sha256(scratch_ / "middle.safetensors"));
  EXPECT_EQ(load_denoiser(bundle.stages[1], DType::float32)->context_channels(), 5);
  const StatedWeights stated{scratch_.path(), bundle.stages[1].key_of("denoiser")};
  stated.withdraw();
  EXPECT_EQ(stated.stated(), "");
  stated.state(std::string(64, 'a'), "");
  bundle = ModelBundle::read(scratch_.path());
  EXPECT_EQ(bundle.stages[1].denoiser.sha256, std::string(64, 'a'));
  EXPECT_NE(bundle.denoiser.sha256, std::string(64, 'a'));
  EXPECT_NE(message_of([&] { load_denoiser(bundle.stages[1], DType::float32); }), "");
}

TEST_F(Cascade, ADenoiserSeesThePlanesOfItsViews) {
  ordered_json json = small_cascade_json();
  json["denoiser"]["config"]["context_channels"] = 5;
  const ModelBundle bundle = read(json);
  EXPECT_EQ(message_of([&] { make_denoiser(bundle); }),
            file() + "denoiser has context planes 5, model.json says 8");
  json["stages"][0]["denoiser"]["config"]["context_channels"] = 5;
  EXPECT_EQ(message_of([&] { make_denoiser(read(json).stages[0]); }),
            file() + "stages.overview.denoiser has context planes 5, model.json says 0");
}

struct StageDefect {
  const char* member;
  const char* value;  // "" removes it
  const char* message;
};
void PrintTo(const StageDefect& d, std::ostream* out) { *out << d.member << " = " << d.value; }

const StageDefect kStageDefects[] = {
    {"/stages", "[]", "'stages' must be a list of 1 to 6 stages, got []"},
    {"/stages", "{}", "'stages' must be a list of 1 to 6 stages, got {}"},
    {"/stages", "[3]", "'stages[0]' must be a JSON object"},
    {"/context", "", "'context' is missing"},
    {"/context/views", "[]", "'context.views' must be a list of 1 to 4 views, got []"},
    {"/context/views/1", "7", "'context.views[1]' must be a JSON object"},
    {"/context/views/0/extent", "0",
     "'context.views[0].extent' must be a whole number from 1 to 16, got 0"},
    {"/context/views/0/detail", "", "'context.views[0].detail' is missing"},
    {"/context/noise", "2", "'context.noise' must be a number from 0 to 1, got 2"},
    {"/context/most_noise", "", "'context.most_noise' is missing"},
    {"/stage", "\"../up\"",
     "'stage' must be a name of at most 32 letters a to z, digits, '-' and '_', got \"../up\""},
    {"/stages/0/name", "", "'stages[0].name' is missing"},
    {"/stages/0/name", "\"Coarse\"",
     "'stages[0].name' must be a name of at most 32 letters a to z, digits, '-' and '_', got "
     "\"Coarse\""},
    {"/stages/0/mpp", "", "'stages[0].mpp' is missing"},
    {"/stages/1/denoiser", "", "'stages[1].denoiser' is missing"},
    {"/stages/1/context", "", "'stages[1].context' is missing"},
    {"/stages/1/patch", "2", "'stages[1].patch' must be a whole number from 4 to 4096, got 2"},
    {"/stages/1/defaults/context_guidance", "-1",
     "'stages[1].defaults.context_guidance' must be a number from 0 to 100, got -1"},
    {"/defaults/consistency", "1.5",
     "'defaults.consistency' must be a number from 0 to 1, got 1.5"},
    {"/defaults/consistency", "0.5", "'defaults.consistency' needs 'latent.colours'"},
    {"/latent/colours", "[1, 2, 3]", "'latent.colours' must be 27 numbers, got [1,2,3]"},
};

class StageDefects : public Cascade, public testing::WithParamInterface<StageDefect> {};

TEST_P(StageDefects, IsRefusedWithItsMessage) {
  ordered_json json = small_cascade_json();
  const ordered_json::json_pointer member(GetParam().member);
  if (*GetParam().value == '\0')
    json.at(member.parent_pointer()).erase(member.back());
  else
    json[member] = ordered_json::parse(GetParam().value);
  EXPECT_EQ(refusal(json), file() + GetParam().message);
}
INSTANTIATE_TEST_SUITE_P(Table, StageDefects, testing::ValuesIn(kStageDefects));

TEST_F(Cascade, StagesGoFromTheCoarsestOnAndHaveNamesOfTheirOwn) {
  const std::string order =
      "'stages' must be stages from the coarsest 'mpp' to the finest, all above the bundle's";
  for (const auto& [stage, mpp] : {std::pair{0, 2.0}, std::pair{1, 8.0}, std::pair{1, 0.5}}) {
    ordered_json json = small_cascade_json();
    json["stages"][static_cast<std::size_t>(stage)]["mpp"] = mpp;
    EXPECT_EQ(refusal(json).rfind(file() + order, 0), 0u) << mpp;
  }
  for (const char* name : {"overview", "fine"}) {
    ordered_json json = small_cascade_json();
    json["stages"][1]["name"] = name;
    EXPECT_EQ(refusal(json).rfind(file() + "'stages' must be stages of different names", 0), 0u);
  }
}

}  // namespace
}  // namespace histoloom
