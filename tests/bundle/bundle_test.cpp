#include "histoloom/bundle/bundle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "histoloom/bundle/mask_model.h"
#include "histoloom/core/file.h"
#include "networks/test_model.h"

namespace histoloom {
namespace {

using nlohmann::ordered_json;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Bundle, EveryMemberOfModelJsonIsRead) {
  const ScratchDirectory scratch;
  write_bytes(scratch / "model.json", small_model_json().dump());
  const ModelBundle b = ModelBundle::read(scratch.path());
  EXPECT_EQ(b.directory, scratch.path());
  EXPECT_EQ(b.name, "small");
  EXPECT_EQ(b.version, "1.2");
  EXPECT_EQ(b.licence, "Apache-2.0");
  EXPECT_EQ(b.provenance, "made by a test");
  EXPECT_EQ(b.mpp, 0.5);
  EXPECT_EQ(b.magnification, 20);
  EXPECT_EQ(b.labels.describe(), "0 unknown, 1 tissue, 3 glass");
  EXPECT_EQ(b.labels.glass(), 3);
  EXPECT_THAT(b.prompts, ElementsAre("first", "second"));
  EXPECT_EQ(b.latent.channels, 4);
  EXPECT_EQ(b.latent.downsampling, 8);
  EXPECT_THAT(b.latent.mean, ElementsAre(0.1f, 0.0f, -0.5f, 2.0f));
  EXPECT_THAT(b.latent.deviation, ElementsAre(1.0f, 0.5f, 2.0f, 0.1f));
  EXPECT_EQ(b.patch, 8);
  EXPECT_EQ(b.batch, 2);
  EXPECT_EQ(b.decode_window, 8);
  EXPECT_EQ(b.decode_overlap, 2);
  EXPECT_EQ(b.schedule.type, "cosine");
  EXPECT_EQ(b.schedule.steps, 1000);
  EXPECT_EQ(b.prediction, Prediction::v);
  EXPECT_EQ(b.clip, std::nullopt);
  EXPECT_EQ(b.defaults.steps, 30);
  EXPECT_EQ(b.defaults.eta, 0.5);
  EXPECT_EQ(b.defaults.guidance, 2);
  EXPECT_THAT(b.defaults.interval, ElementsAre(0.25, 0.75));
  EXPECT_EQ(b.autoencoder.architecture, "pixel_shuffle_autoencoder");
  EXPECT_EQ(b.denoiser.weights, scratch / "denoiser.safetensors");
  EXPECT_EQ(ordered_json::parse(b.denoiser.config_json), small_model_json()["denoiser"]["config"]);
}

TEST(Bundle, ClipMayBeANumberOrMissing) {
  const ScratchDirectory scratch;
  ordered_json json = small_model_json();
  json["clip"] = 3.5;
  write_bytes(scratch / "model.json", json.dump());
  EXPECT_EQ(ModelBundle::read(scratch.path()).clip, 3.5);
  json.erase("clip");
  write_bytes(scratch / "model.json", json.dump());
  EXPECT_EQ(ModelBundle::read(scratch.path()).clip, std::nullopt);
}

TEST(Bundle, WhatImportedModelsNeedIsOptional) {
  const ScratchDirectory scratch;
  ordered_json json = small_model_json();
  write_bytes(scratch / "model.json", json.dump());
  EXPECT_THAT(ModelBundle::read(scratch.path()).pixel_range, ElementsAre(0, 1));
  EXPECT_EQ(ModelBundle::read(scratch.path()).mask_denoiser, std::nullopt);

  json["latent"]["pixel_range"] = {-1, 1};
  json["schedule"] = {{"type", "scaled_linear"}, {"steps", 1000}, {"betas", {0.00085, 0.012}}};
  json["mask_denoiser"] = json["denoiser"];
  json["mask_denoiser"]["weights"] = "mask.safetensors";
  write_bytes(scratch / "model.json", json.dump());
  const ModelBundle b = ModelBundle::read(scratch.path());
  EXPECT_THAT(b.pixel_range, ElementsAre(-1, 1));
  EXPECT_THAT(b.schedule.betas.value(), ElementsAre(0.00085, 0.012));
  EXPECT_EQ(b.mask_denoiser.value().weights, scratch / "mask.safetensors");
}

// A bundle of `count` labels of tissue, whose mask denoiser paints all of them.
ordered_json json_of_classes(int count) {
  ordered_json json = small_model_json();
  ordered_json labels = ordered_json::array();
  for (int id = 0; id <= count + 1; ++id)
    labels.push_back({{"id", id}, {"name", "label " + std::to_string(id)}, {"color", {id, 0, 0}}});
  json["label_set"] = {{"labels", labels}, {"unknown", 0}, {"glass", count + 1}};
  json["mask"] = {{"cell", 32}, {"patch", 16},        {"batch", 4},
                  {"scale", 1}, {"prediction", "x0"}, {"defaults", json["defaults"]}};
  json["mask_denoiser"] = {{"architecture", "unet_2d_condition"},
                           {"config",
                            {{"in_channels", count},
                             {"out_channels", count},
                             {"block_out_channels", {8}},
                             {"layers_per_block", 1},
                             {"norm_num_groups", 4},
                             {"attention_head_dim", 2},
                             {"cross_attention_dim", 6},
                             {"down_block_types", {"DownBlock2D"}},
                             {"up_block_types", {"UpBlock2D"}},
                             {"labels", 4},
                             {"context_tokens", 2}}},
                           {"weights", "mask.safetensors"}};
  return json;
}

TEST(Bundle, AMaskOf64LabelsOfTissueCanBePainted) {
  const ScratchDirectory scratch;
  write_bytes(scratch / "model.json", json_of_classes(64).dump());
  const ModelBundle bundle = ModelBundle::read(scratch.path());
  const MaskModel masks(bundle);
  EXPECT_EQ(masks.diffusion_model().channels, 64);
  EXPECT_EQ(masks.make()->channels(), 64);
}

TEST(Bundle, AMaskOfMoreLabelsOfTissueThanCanBePaintedIsRefusedWhenItIsRead) {
  const ScratchDirectory scratch;
  write_bytes(scratch / "model.json", json_of_classes(65).dump());
  EXPECT_EQ(message_of([&] { ModelBundle::read(scratch.path()); }),
            (scratch / "model.json").string() +
                ": 'mask' paints 65 labels of tissue, at most 64 can be painted; leave 'mask' and "
                "'mask_denoiser' out");
}

// ---- One defect each: a member of model.json, what it is set to ("" removes it), the message.

struct MemberDefect {
  const char* member;
  const char* value;
  const char* message;
};
void PrintTo(const MemberDefect& d, std::ostream* out) { *out << d.member << " = " << d.value; }

const MemberDefect kDefects[] = {
    {"/schema", "", "'schema' is missing"},
    {"/schema", "2", "'schema' must be 1, the version that this program reads, got 2"},
    {"/schema", "\"1\"", "'schema' must be a whole number from 0 to 1073741824, got \"1\""},
    {"/name", "", "'name' is missing"},
    {"/name", "\"\"", "'name' must be a text that is not empty, got \"\""},
    {"/version", "1", "'version' must be a text that is not empty, got 1"},
    {"/licence", "null", "'licence' must be a text that is not empty, got null"},
    {"/provenance", "[]", "'provenance' must be a text that is not empty, got []"},
    {"/mpp", "0", "'mpp' must be a number from 0.01 to 1000, got 0"},
    {"/mpp", "\"0.5\"", "'mpp' must be a number from 0.01 to 1000, got \"0.5\""},
    {"/magnification", "1001", "'magnification' must be a number from 0.1 to 1000, got 1001"},
    {"/label_set", "", "'label_set' is missing"},
    {"/prompts", "{}", "'prompts' must be a list of names, got {}"},
    {"/prompts", "[\"a\", 1]", "'prompts' must be a list of names, got [\"a\",1]"},
    {"/latent", "3", "'latent' must be a JSON object"},
    {"/latent/channels", "0", "'latent.channels' must be a whole number from 1 to 64, got 0"},
    {"/latent/channels", "4.0", "'latent.channels' must be a whole number from 1 to 64, got 4.0"},
    {"/latent/downsampling", "65",
     "'latent.downsampling' must be a whole number from 1 to 64, got 65"},
    {"/latent/mean", "[0, 0, 0]", "'latent.mean' must be 4 numbers, got [0,0,0]"},
    {"/latent/mean", "[0, 0, 0, \"x\"]",
     "'latent.mean' must be a number from -1000000 to 1000000, got [0,0,0,\"x\"]"},
    {"/latent/deviation", "[1, 1, 0, 1]",
     "'latent.deviation' must be a number from 1e-06 to 1000000, got [1,1,0,1]"},
    {"/patch", "3", "'patch' must be a whole number from 4 to 4096, got 3"},
    {"/batch", "0", "'batch' must be a whole number from 1 to 1024, got 0"},
    {"/batch", "18446744073709551615",
     "'batch' must be a whole number from 1 to 1024, got 18446744073709551615"},
    {"/decode", "", "'decode' is missing"},
    {"/decode/window", "1", "'decode.window' must be a whole number from 2 to 4096, got 1"},
    {"/decode/overlap", "5", "'decode.overlap' must be a whole number from 0 to 4, got 5"},
    {"/schedule/type", "\"sigmoid\"",
     "'schedule.type' must be one of cosine, linear, scaled_linear, got \"sigmoid\""},
    {"/schedule/type", "\"scaled_linear\"", "'schedule.betas' is missing"},
    {"/latent/pixel_range", "[1, -1]",
     "'latent.pixel_range' must be two numbers in ascending order, got [1,-1]"},
    {"/latent/pixel_range", "[1]", "'latent.pixel_range' must be 2 numbers, got [1]"},
    {"/schedule/steps", "1", "'schedule.steps' must be a whole number from 2 to 100000, got 1"},
    {"/prediction", "\"noise\"", "'prediction' must be one of v, epsilon, x0, got \"noise\""},
    {"/clip", "0", "'clip' must be a number from 0.001 to 1000000, got 0"},
    {"/defaults/spacing", "\"even\"",
     "'defaults.spacing' must be one of time, log_snr, got \"even\""},
    {"/defaults/sampler", "\"euler\"",
     "'defaults.sampler' must be one of dpm++, ddim, got \"euler\""},
    {"/defaults/plan", "\"grid\"", "'defaults.plan' must be one of shifted, random, got \"grid\""},
    {"/defaults/steps", "1001", "'defaults.steps' must be a whole number from 1 to 1000, got 1001"},
    {"/defaults/eta", "1.5", "'defaults.eta' must be a number from 0 to 1, got 1.5"},
    {"/defaults/guidance", "-1", "'defaults.guidance' must be a number from 0 to 100, got -1"},
    {"/defaults/guidance_interval", "[0]",
     "'defaults.guidance_interval' must be 2 numbers, got [0]"},
    {"/defaults/guidance_interval", "[0.8, 0.2]",
     "'defaults.guidance_interval' must be two numbers in ascending order, got [0.8,0.2]"},
    {"/autoencoder", "", "'autoencoder' is missing"},
    {"/denoiser/architecture", "", "'denoiser.architecture' is missing"},
    {"/denoiser/config", "", "'denoiser.config' is missing"},
    {"/denoiser/weights", "\"../w\"",
     "'denoiser.weights' must be a file name without a directory, got \"../w\""},
    {"/denoiser/weights", "\"..\"",
     "'denoiser.weights' must be a file name without a directory, got \"..\""},
    {"/denoiser/weights", "\"/w\"",
     "'denoiser.weights' must be a file name without a directory, got \"/w\""},
};

class BundleDefect : public testing::TestWithParam<MemberDefect> {};

TEST_P(BundleDefect, IsRefusedWithItsMessage) {
  const ScratchDirectory scratch;
  const MemberDefect& defect = GetParam();
  ordered_json json = small_model_json();
  const ordered_json::json_pointer member(defect.member);
  if (*defect.value == '\0')
    json[member.parent_pointer()].erase(member.back());
  else
    json[member] = ordered_json::parse(defect.value);
  write_bytes(scratch / "model.json", json.dump());
  EXPECT_EQ(message_of([&] { ModelBundle::read(scratch.path()); }),
            (scratch / "model.json").string() + ": " + defect.message);
}

INSTANTIATE_TEST_SUITE_P(Table, BundleDefect, testing::ValuesIn(kDefects));

TEST(Bundle, AFileThatIsNoObjectIsRefused) {
  const ScratchDirectory scratch;
  const std::string file = (scratch / "model.json").string();
  EXPECT_EQ(message_of([&] { ModelBundle::read(scratch.path()); }),
            "model '" + scratch.path().string() +
                "' has no model.json; give --model a directory that holds one");
  write_bytes(scratch / "model.json", "{\"schema\": 1");
  EXPECT_EQ(message_of([&] { ModelBundle::read(scratch.path()); }), file + ": not valid JSON");
  write_bytes(scratch / "model.json", "[1]");
  EXPECT_EQ(message_of([&] { ModelBundle::read(scratch.path()); }),
            file + ": must be a JSON object");
}

TEST(Bundle, Sha256IsThatOfTheNamesLengthsAndBytesOfItsFiles) {
  const ScratchDirectory scratch;
  ModelBundle bundle;
  bundle.directory = scratch.path();
  bundle.autoencoder.weights = scratch / "a";
  bundle.denoiser.weights = scratch / "d";
  write_bytes(scratch / "model.json", "a");
  write_bytes(scratch / "a", "b");
  write_bytes(scratch / "d", "c");
  // printf '10:model.json1:a1:a1:b1:d1:c' | sha256sum
  EXPECT_EQ(bundle.sha256(), "3d8c423bca8807e1b14e5404b6f2ede0e6cd888bd55f9a84809c2ef52a2baa89");
  for (const char* file : {"model.json", "a", "d"}) {
    const std::string before = bundle.sha256();
    write_bytes(scratch / file, "x");
    EXPECT_NE(bundle.sha256(), before) << file;
  }
  write_bytes(scratch / "a", "xy");
  const std::string before = bundle.sha256();
  write_bytes(scratch / "a", "x");
  write_bytes(scratch / "d", "yx");  // all files in a row hold the same bytes
  EXPECT_NE(bundle.sha256(), before);
  std::filesystem::remove(scratch / "d");
  EXPECT_EQ(message_of([&] { bundle.sha256(); }),
            (scratch / "d").string() + ": can't be read: No such file or directory");
}

// ---- Loading networks

class LoadNetworks : public testing::Test {
 protected:
  LoadNetworks() { write_small_bundle(scratch_.path()); }
  // The bundle with one member of model.json replaced; the weights stay.
  ModelBundle with(const char* member, const ordered_json& value) {
    ordered_json json = small_model_json();
    json[ordered_json::json_pointer(member)] = value;
    write_bytes(scratch_ / "model.json", json.dump());
    return ModelBundle::read(scratch_.path());
  }
  std::string denoiser_message(const ModelBundle& bundle) {
    return message_of([&] { load_denoiser(bundle, DType::float32); });
  }
  std::string autoencoder_message(const ModelBundle& bundle) {
    return message_of([&] { load_autoencoder(bundle, DType::float32); });
  }
  std::string in_json(const char* what) { return (scratch_ / "model.json").string() + ": " + what; }

  ScratchDirectory scratch_;
};

TEST_F(LoadNetworks, AWholeBundleLoads) {
  const ModelBundle bundle = ModelBundle::read(scratch_.path());
  EXPECT_EQ(load_denoiser(bundle, DType::bfloat16)->channels(), 4);
  EXPECT_EQ(load_autoencoder(bundle, DType::float32)->channels(), 4);
}

TEST_F(LoadNetworks, WhatModelJsonAndNetworkDisagreeOnIsNamed) {
  EXPECT_EQ(denoiser_message(with("/denoiser/config/latent_channels", 5)),
            in_json("denoiser has latent channels 5, model.json says 4"));
  EXPECT_EQ(denoiser_message(with("/patch", 9)),
            in_json("denoiser: 'patch' must be a multiple of 2, got 9"));
  EXPECT_THAT(denoiser_message(with("/denoiser/architecture", "unet")),
              testing::StartsWith(
                  in_json("denoiser: unknown denoiser architecture 'unet'; this version knows ")));
  EXPECT_EQ(autoencoder_message(with("/autoencoder/config/latent_channels", 3)),
            in_json("autoencoder has latent channels 3, model.json says 4"));
  EXPECT_EQ(autoencoder_message(with("/latent/downsampling", 4)),
            in_json("autoencoder has a downsampling of 8, model.json says 4"));
}

TEST_F(LoadNetworks, TheAutoencoderSeesPixelsInItsOwnRange) {
  at::NoGradGuard no_grad;
  const auto plain = load_autoencoder(ModelBundle::read(scratch_.path()), DType::float32);
  const auto ranged =
      load_autoencoder(with("/latent/pixel_range", ordered_json{-1, 3}), DType::float32);
  const at::Tensor image = at::rand({1, 3, 16, 16}), latents = at::randn({1, 4, 2, 2});
  EXPECT_TRUE(at::allclose(ranged->encode(image), plain->encode(image * 4 - 1)));
  EXPECT_TRUE(at::allclose(ranged->decode(latents), (plain->decode(latents) + 1) / 4));
}

TEST_F(LoadNetworks, GlassNeedNotBeKnownWhereLabelsAreShownOneByOne) {
  write_safetensors(
      scratch_ / "denoiser.safetensors",
      make_denoiser("diffinfinite_unet", R"({"dim": 8, "num_classes": 2})", "test")->parameters(),
      {});
  ordered_json json = small_model_json();
  json["denoiser"]["architecture"] = "diffinfinite_unet";
  json["denoiser"]["config"] = {{"dim", 8}, {"num_classes", 2}};
  write_bytes(scratch_ / "model.json", json.dump());
  EXPECT_EQ(load_denoiser(ModelBundle::read(scratch_.path()), DType::float32)->labels(), 2);

  json["label_set"]["labels"][1]["id"] = 2;  // tissue
  write_bytes(scratch_ / "model.json", json.dump());
  EXPECT_EQ(denoiser_message(ModelBundle::read(scratch_.path())),
            in_json("denoiser knows the label ids 0 to 1, model.json has 2"));
}

TEST_F(LoadNetworks, ALabelThatTheDenoiserLacksIsRefusedBeforeAnyWork) {
  ordered_json labels = small_model_json()["label_set"];
  labels["labels"][2]["id"] = labels["glass"] = 4;
  EXPECT_EQ(denoiser_message(with("/label_set", labels)),
            in_json("denoiser knows the label ids 0 to 3, model.json has 4"));
}

TEST_F(LoadNetworks, WeightsOfAnotherConfigurationAreRefusedByTensor) {
  EXPECT_THAT(denoiser_message(with("/denoiser/config/blocks", 2)),
              testing::AllOf(HasSubstr("denoiser.safetensors: tensor '"), HasSubstr("is missing")));
  EXPECT_THAT(autoencoder_message(with("/autoencoder/config/fine_width", 12)),
              testing::AllOf(HasSubstr("autoencoder.safetensors: tensor '"),
                             HasSubstr("the architecture needs [")));
}

TEST_F(LoadNetworks, MissingWeightsAreNamed) {
  std::filesystem::remove(scratch_ / "denoiser.safetensors");
  EXPECT_EQ(denoiser_message(ModelBundle::read(scratch_.path())),
            (scratch_ / "denoiser.safetensors").string() +
                ": can't be opened: No such file or directory");
}

TEST_F(LoadNetworks, NothingIsTrainableAfterLoading) {
  const auto denoiser = load_denoiser(ModelBundle::read(scratch_.path()), DType::bfloat16);
  for (const auto& [name, parameter] : denoiser->parameters()) {
    EXPECT_FALSE(parameter.requires_grad()) << name;
    const bool conv = parameter.dim() == 4;
    if (parameter.dim() == 1) continue;
    EXPECT_EQ(parameter.scalar_type(), conv ? at::kBFloat16 : at::kFloat) << name;
  }
}

// ---- Latent statistics

TEST_F(LoadNetworks, LatentStatisticsReplaceNothingElse) {
  const std::vector<float> mean{0.1f, 1e-7f, -3, 1 / 3.0f}, deviation{1, 2, 3, 0.7f};
  write_latent_statistics(scratch_.path(), "", {mean, deviation, {}});
  const ModelBundle bundle = ModelBundle::read(scratch_.path());
  EXPECT_EQ(bundle.latent.mean, mean);
  EXPECT_EQ(bundle.latent.deviation, deviation);
  ordered_json now = ordered_json::parse(read_file(scratch_ / "model.json"));
  ordered_json before = small_model_json();
  for (const char* key : {"mean", "deviation"}) now["latent"][key] = before["latent"][key] = 0;
  EXPECT_EQ(now.dump(), before.dump());
}

}  // namespace
}  // namespace histoloom
