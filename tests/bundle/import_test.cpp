// Bundles of published weights: those of the parity kit (testdata/parity), read
// as users have them.
#include "histoloom/bundle/import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "histoloom/bundle/bundle.h"
#include "histoloom/bundle/weights_sum.h"
#include "histoloom/networks/inference_thread.h"
#include "networks/test_model.h"

namespace histoloom {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

std::vector<std::string> listing(const fs::path& directory) {
  std::vector<std::string> out;
  for (const auto& entry : fs::directory_iterator(directory))
    out.push_back(entry.path().filename().string());
  return out;
}

class ImportTest : public testing::Test {
 protected:
  fs::path copied(const char* file) const {
    fs::copy_file(kit() / file, scratch_ / file);
    return scratch_ / file;
  }
  ImportOptions options() const {
    ImportOptions out;
    out.out = scratch_ / "bundle";
    out.patch = 32;
    return out;
  }

  const ScratchDirectory scratch_;
  const InferenceThread inference_;
  SilentProgress progress_;
};

// ---- DiffInfinite

class ImportDiffInfinite : public ImportTest {
 protected:
  DiffInfiniteImport files() const {
    return {.denoiser = kit() / "model-10.pt",
            .mask_denoiser = {},
            .autoencoder = kit() / "autoencoder_kl.safetensors"};
  }
  std::string refusal(const DiffInfiniteImport& files) const {
    return message_of([&] { ImportedBundle::diffinfinite(files, options()); });
  }
};

TEST_F(ImportDiffInfinite, ACheckpointBecomesABundleWithThePublishedNumbers) {
  ImportedBundle::diffinfinite(files(), options()).write(progress_);
  EXPECT_THAT(listing(scratch_.path()), ElementsAre("bundle"));
  EXPECT_THAT(
      listing(scratch_ / "bundle"),
      UnorderedElementsAre("model.json", "denoiser.safetensors", "autoencoder.safetensors"));
  const ModelBundle bundle = ModelBundle::read(scratch_ / "bundle");
  EXPECT_EQ(bundle.denoiser.sha256, weights_sha256(bundle.denoiser.weights));
  EXPECT_EQ(bundle.autoencoder.sha256, weights_sha256(bundle.autoencoder.weights));
  EXPECT_EQ(stale_text(bundle), "");
  const SafetensorsFile io(kit() / "diffinfinite_unet_io.safetensors");
  const at::Tensor got = load_denoiser(bundle, DType::float32)
                             ->predict(read_tensor(io, "x"), read_tensor(io, "t").to(at::kFloat),
                                       read_tensor(io, "mask").squeeze(1).to(at::kLong));
  EXPECT_LE(largest_error(got, read_tensor(io, "eps_cond")), 1e-4);

  const SafetensorsFile vae(kit() / "autoencoder_kl_io.safetensors");
  const at::Tensor decoded =
      load_autoencoder(bundle, DType::float32)->decode(read_tensor(vae, "z"));
  EXPECT_LE(largest_error(decoded, read_tensor(vae, "decoded")), 1e-4);
}

TEST_F(ImportDiffInfinite, TheBundleHasDiffInfinitesConventions) {
  ImportOptions o = options();
  o.name = "lung";
  ImportedBundle::diffinfinite(files(), o).write(progress_);
  const ModelBundle b = ModelBundle::read(scratch_ / "bundle");
  EXPECT_EQ(b.name, "lung");
  EXPECT_EQ(b.provenance, "Imported from model-10.pt, autoencoder_kl.safetensors.");
  EXPECT_THAT(b.latent.mean, testing::Each(0.0f));
  EXPECT_THAT(b.latent.deviation, testing::Each(50.0f));
  EXPECT_THAT(b.pixel_range, ElementsAre(0, 1));
  EXPECT_EQ(b.schedule.type, "cosine");
  EXPECT_EQ(b.schedule.steps, 1000);
  EXPECT_EQ(b.prediction, Prediction::epsilon);
  EXPECT_EQ(b.clip, 1.0);
  EXPECT_EQ(b.defaults.eta, 1);
  EXPECT_EQ(b.defaults.guidance, 3);
  EXPECT_EQ(b.mask_denoiser, std::nullopt);
}

TEST_F(ImportDiffInfinite, FiveClassesHaveTheirPublishedNames) {
  const ordered_json model =
      ordered_json::parse(ImportedBundle::diffinfinite(files(), options()).model_json());
  if (model["denoiser"]["config"]["num_classes"] != 5) GTEST_SKIP() << "the kit has other classes";
  std::vector<std::string> names;
  for (const auto& label : model["label_set"]["labels"]) names.push_back(label["name"]);
  EXPECT_THAT(names,
              ElementsAre("unknown", "carcinoma", "necrosis", "tumour stroma", "other", "glass"));
  EXPECT_EQ(model["label_set"]["glass"], 5);
}

// A checkpoint doesn't say how its network is built; the weights alone, with it
// in the metadata, do.
TEST_F(ImportDiffInfinite, TheConfigurationIsReadOffTheShapes) {
  const auto config_from = [&](const char* file) {
    DiffInfiniteImport f = files();
    f.denoiser = kit() / file;
    const auto imported = ImportedBundle::diffinfinite(f, options());
    return ordered_json::parse(imported.model_json())["denoiser"]["config"];
  };
  const ordered_json read = config_from("model-10.pt");
  const ordered_json stated = config_from("diffinfinite_unet.safetensors");
  for (const auto& [key, value] : stated.items()) EXPECT_EQ(read[key], value) << key;
}

TEST_F(ImportDiffInfinite, AMaskDenoiserComesWithItsPrompts) {
  DiffInfiniteImport f = files();
  f.mask_denoiser = kit() / "diffinfinite_mask_unet.safetensors";
  ImportedBundle::diffinfinite(f, options()).write(progress_);
  const ModelBundle b = ModelBundle::read(scratch_ / "bundle");
  EXPECT_THAT(b.prompts, ElementsAre("adenocarcinoma", "squamous cell carcinoma"));
  EXPECT_EQ(b.mask_denoiser.value().architecture, "diffinfinite_mask_unet");
  EXPECT_TRUE(fs::exists(b.mask_denoiser.value().weights));
}

TEST_F(ImportDiffInfinite, WhatDoesNotFitIsNamed) {
  DiffInfiniteImport f = files();
  f.denoiser = kit() / "missing.pt";
  EXPECT_EQ(refusal(f), f.denoiser.string() + ": does not exist");
  f.denoiser = kit() / "autoencoder_kl.safetensors";
  EXPECT_EQ(refusal(f), f.denoiser.string() +
                            ": holds no tensor 'init_conv.weight', which the "
                            "network needs; is it "
                            "another kind of network?");
  f.denoiser = kit() / "diffinfinite_mask_unet.safetensors";
  EXPECT_EQ(refusal(f), f.denoiser.string() + ": holds a mask model; give it with --mask-denoiser");
  f = files();
  f.mask_denoiser = f.denoiser;
  EXPECT_EQ(refusal(f), f.denoiser.string() + ": holds an image model; give it with --denoiser");
  f = files();
  f.autoencoder = scratch_.path();
  EXPECT_EQ(refusal(f), scratch_.path().string() +
                            ": holds no weights; "
                            "diffusion_pytorch_model.safetensors was looked for");
}

TEST_F(ImportDiffInfinite, AnAutoencoderWithoutAConfigurationIsStableDiffusions) {
  DiffInfiniteImport f = files();
  f.autoencoder = copied("autoencoder_kl.safetensors");  // without its JSON, and narrower
  EXPECT_THAT(refusal(f), testing::AllOf(HasSubstr(f.autoencoder.string()),
                                         HasSubstr("the architecture needs [")));
}

TEST_F(ImportDiffInfinite, ABundleIsNeverReplaced) {
  fs::create_directory(scratch_ / "bundle");
  EXPECT_EQ(refusal(files()),
            (scratch_ / "bundle").string() + ": exists; give another name, or remove it");
  ImportOptions o = options();
  o.out = scratch_ / "no" / "bundle";
  EXPECT_EQ(message_of([&] { ImportedBundle::diffinfinite(files(), o); }),
            o.out.string() + ": the directory '" + (scratch_ / "no").string() +
                "' does not exist; make it first");
}

TEST_F(ImportDiffInfinite, ASlashAtTheEndIsNoPartOfTheName) {
  ImportOptions o = options();
  o.out = scratch_.path().string() + "/bundle/";
  ImportedBundle::diffinfinite(files(), o).write(progress_);
  EXPECT_EQ(ModelBundle::read(scratch_ / "bundle").name, "bundle");
}

TEST_F(ImportDiffInfinite, ANameThatIsTooLongIsRefused) {
  ImportOptions o = options();
  o.out = scratch_ / std::string(300, 'x');
  EXPECT_EQ(message_of([&] { ImportedBundle::diffinfinite(files(), o); }),
            o.out.string() + ": can't be looked at: File name too long");
}

TEST_F(ImportDiffInfinite, WhatAKilledImportLeftIsCleared) {
  fs::create_directory(scratch_ / ".bundle.partial");
  write_bytes(scratch_ / ".bundle.partial/denoiser.safetensors.tmp", "half");
  ImportedBundle::diffinfinite(files(), options()).write(progress_);
  EXPECT_THAT(listing(scratch_.path()), ElementsAre("bundle"));
}

// ---- diffusers

class ImportDiffusers : public ImportTest {
 protected:
  ImportDiffusers() {
    // As diffusers saves a model: a directory each.
    for (const char* part : {"unet", "vae"}) fs::create_directory(scratch_ / part);
    const auto place = [&](const char* stem, const char* part) {
      fs::copy_file(kit() / (std::string(stem) + ".json"), scratch_ / part / "config.json");
      fs::copy_file(kit() / (std::string(stem) + ".safetensors"),
                    scratch_ / part / "diffusion_pytorch_model.safetensors");
    };
    place("unet_2d_condition", "unet");
    place("autoencoder_kl", "vae");
    const at::Tensor context = read_tensor(io_, "context");
    const std::pair<const char*, at::Tensor> contexts[] = {{"none", at::zeros_like(context[0])},
                                                           {"tumour", context[0]},
                                                           {"stroma", context[1].unsqueeze(0)}};
    for (const auto& [name, tensor] : contexts) {
      const fs::path file = scratch_ / (std::string(name) + ".safetensors");
      write_safetensors(file, {{"embedding", tensor.contiguous()}}, {});
      files_.contexts.emplace_back(name, file);
    }
    files_.unet = scratch_ / "unet";
    files_.vae = scratch_ / "vae";
  }
  std::string refusal() const {
    return message_of([&] { ImportedBundle::diffusers(files_, options()); });
  }

  const SafetensorsFile io_{kit() / "unet_2d_condition_io.safetensors"};
  DiffusersImport files_;
};

TEST_F(ImportDiffusers, EveryLabelHasItsContext) {
  ImportedBundle::diffusers(files_, options()).write(progress_);
  const ModelBundle bundle = ModelBundle::read(scratch_ / "bundle");
  const auto denoiser = load_denoiser(bundle, DType::float32);
  const at::Tensor x = read_tensor(io_, "x");
  at::Tensor labels = at::zeros({x.size(0), x.size(2), x.size(3)}, at::kLong);
  labels[0].fill_(1);
  labels[1].fill_(2);
  const at::Tensor got = denoiser->predict(x, read_tensor(io_, "t").to(at::kFloat), labels);
  EXPECT_LE(largest_error(got, read_tensor(io_, "out")), 1e-4);
}

TEST_F(ImportDiffusers, TheBundleHasStableDiffusionsConventions) {
  ImportedBundle::diffusers(files_, options()).write(progress_);
  const ModelBundle b = ModelBundle::read(scratch_ / "bundle");
  EXPECT_THAT(b.pixel_range, ElementsAre(-1, 1));
  EXPECT_THAT(b.latent.deviation, testing::Each(static_cast<float>(1 / 0.18215)));
  EXPECT_EQ(b.schedule.type, "scaled_linear");
  EXPECT_THAT(b.schedule.betas.value(), ElementsAre(0.00085, 0.012));
  EXPECT_EQ(b.prediction, Prediction::epsilon);
  const ordered_json set = ordered_json::parse(b.labels.text());
  EXPECT_EQ(set["labels"][1]["name"], "tumour");
  EXPECT_EQ(set["labels"][2]["name"], "stroma");
  EXPECT_EQ(set["glass"], 3);
}

TEST_F(ImportDiffusers, TheSchedulerBesideTheUNetIsFollowed) {
  fs::create_directory(scratch_ / "scheduler");
  write_bytes(scratch_ / "scheduler/scheduler_config.json",
              R"({"beta_schedule": "linear", "beta_start": 0.001, "beta_end": 0.03,
                  "num_train_timesteps": 500, "prediction_type": "v_prediction"})");
  ImportedBundle::diffusers(files_, options()).write(progress_);
  const ModelBundle b = ModelBundle::read(scratch_ / "bundle");
  EXPECT_EQ(b.schedule.type, "linear");
  EXPECT_EQ(b.schedule.steps, 500);
  EXPECT_THAT(b.schedule.betas.value(), ElementsAre(0.001, 0.03));
  EXPECT_EQ(b.prediction, Prediction::v);

  fs::remove_all(scratch_ / "bundle");
  write_bytes(scratch_ / "scheduler/scheduler_config.json", R"({"beta_schedule": "sigmoid"})");
  const std::string file = (scratch_ / "scheduler/scheduler_config.json").string();
  EXPECT_EQ(refusal(), file +
                           ": 'beta_schedule' must be one of linear, scaled_linear, "
                           "squaredcos_cap_v2, got \"sigmoid\"");
  write_bytes(file, R"({"thresholding": true})");
  EXPECT_EQ(refusal(), file + ": 'thresholding' is not supported, it must be false");
  write_bytes(file, R"({"trained_betas": [0.1]})");
  EXPECT_EQ(refusal(), file + ": 'trained_betas' is not supported, it must be null");
  write_bytes(file, R"({"beta_end": 7})");
  EXPECT_EQ(refusal(), file + ": 'beta_end' must be a number from 1e-08 to 0.999, got 7");
}

TEST_F(ImportDiffusers, WhatASchedulerLeavesOutHasDiffusersDefaults) {
  fs::create_directory(scratch_ / "scheduler");
  write_bytes(scratch_ / "scheduler/scheduler_config.json",
              R"({"clip_sample": true, "clip_sample_range": 2.5, "num_train_timesteps": 10})");
  files_.unet = scratch_ / "unet/diffusion_pytorch_model.safetensors";  // not the directory
  ImportedBundle::diffusers(files_, options()).write(progress_);
  const ModelBundle b = ModelBundle::read(scratch_ / "bundle");
  EXPECT_EQ(b.schedule.type, "linear");
  EXPECT_THAT(b.schedule.betas.value(), ElementsAre(1e-4, 0.02));
  EXPECT_EQ(b.clip, 2.5);
  EXPECT_EQ(b.defaults.steps, 10);
}

TEST_F(ImportDiffusers, ShardsAreConfiguredByTheJsonBesideTheirIndex) {
  const fs::path folder = scratch_ / "unet";
  const fs::path whole = folder / "diffusion_pytorch_model.safetensors";
  const SafetensorsFile file(whole);
  NamedTensors halves[2];
  ordered_json map;
  std::size_t i = 0;
  for (const std::string& name : file.names()) {
    map[name] = "part" + std::to_string(i % 2) + ".safetensors";
    halves[i++ % 2].emplace_back(name, read_tensor(file, name).clone());
  }
  for (const int part : {0, 1})
    write_safetensors(folder / ("part" + std::to_string(part) + ".safetensors"), halves[part], {});
  write_bytes(folder / "diffusion_pytorch_model.safetensors.index.json",
              ordered_json{{"weight_map", map}}.dump());
  const std::string expected = ImportedBundle::diffusers(files_, options()).model_json();
  fs::remove(whole);
  EXPECT_EQ(ImportedBundle::diffusers(files_, options()).model_json(), expected);
}

TEST_F(ImportDiffusers, AnAutoencoderInTheSameFileIsPassedOver) {
  const SafetensorsFile unet(scratch_ / "unet/diffusion_pytorch_model.safetensors");
  const SafetensorsFile vae(scratch_ / "vae/diffusion_pytorch_model.safetensors");
  NamedTensors all;
  for (const std::string& name : unet.names())
    all.emplace_back("unet." + name, read_tensor(unet, name).clone());
  for (const std::string& name : vae.names())
    all.emplace_back("first_stage_model." + name, read_tensor(vae, name).clone());
  for (const char* part : {"unet", "vae"}) {
    fs::remove(scratch_ / part / "diffusion_pytorch_model.safetensors");
    write_safetensors(scratch_ / part / "model.safetensors", all, {});
  }
  EXPECT_EQ(refusal(), "");
}

TEST_F(ImportDiffusers, ABundleThatGenerateWouldRefuseIsNotMade) {
  ImportOptions o = options();
  o.patch = 10;
  EXPECT_EQ(message_of([&] { ImportedBundle::diffusers(files_, o); }),
            (scratch_ / "bundle/model.json").string() +
                ": denoiser: 'patch' must be a multiple of 8, got 10");
  files_.contexts[1].first = "glass";
  EXPECT_EQ(refusal(),
            "--context glass: every label set has this label already; give another name");
  files_.contexts.resize(1);
  EXPECT_EQ(refusal(), "--context: give at least one label besides 'none'");
}

TEST_F(ImportDiffusers, ContextsThatDoNotFitAreNamed) {
  const DiffusersImport whole = files_;
  files_.contexts.erase(files_.contexts.begin());
  EXPECT_EQ(refusal(), "label 0 has no context; give --context none=FILE.safetensors");
  files_ = whole;
  files_.contexts.push_back(whole.contexts[1]);
  EXPECT_EQ(refusal(), "--context tumour: is given twice");
  files_ = whole;
  const fs::path odd = scratch_ / "odd.safetensors";
  write_safetensors(odd, {{"a", at::zeros({3, 2})}}, {});
  files_.contexts[2].second = odd;
  EXPECT_THAT(refusal(), HasSubstr("the contexts of 'none' and 'stroma' differ in shape: ["));
  write_safetensors(odd, {{"a", at::zeros({3})}}, {});
  EXPECT_EQ(refusal(), odd.string() +
                           ": the context of 'stroma' has the shape [3], wanted is "
                           "[tokens, width] or [1, tokens, width]");
  write_safetensors(odd, {{"a", at::zeros({3, 2})}, {"b", at::zeros({3, 2})}}, {});
  EXPECT_EQ(refusal(),
            odd.string() + ": holds 2 tensors, the context of 'stroma' is to be a single one");
}

TEST_F(ImportDiffusers, LabelsCanBeGivenAndMustMatchTheContexts) {
  ImportOptions o = options();
  o.labels_json =
      R"({"labels": [{"id": 0, "name": "unknown", "color": [0, 0, 0]},
                                 {"id": 4, "name": "stroma", "color": [1, 2, 3]},
                                 {"id": 2, "name": "tumour", "color": [4, 5, 6]}], "unknown": 0})";
  ImportedBundle::diffusers(files_, o).write(progress_);
  const auto denoiser = load_denoiser(ModelBundle::read(scratch_ / "bundle"), DType::float32);
  EXPECT_EQ(denoiser->labels(), 5);
  const at::Tensor x = read_tensor(io_, "x");
  at::Tensor labels = at::full({x.size(0), x.size(2), x.size(3)}, 2, at::kLong);
  labels[1].fill_(4);
  const at::Tensor got = denoiser->predict(x, read_tensor(io_, "t").to(at::kFloat), labels);
  EXPECT_LE(largest_error(got, read_tensor(io_, "out")), 1e-4);

  o.out = scratch_ / "other";
  files_.contexts.back().first = "fat";
  EXPECT_EQ(message_of([&] { ImportedBundle::diffusers(files_, o); }),
            "label 4 has no context; give --context stroma=FILE.safetensors");
}

}  // namespace
}  // namespace histoloom
