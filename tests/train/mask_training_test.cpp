// The mask denoiser: what patches are drawn, and that it learns.
#include "histoloom/train/mask_training.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "histoloom/bundle/bundle.h"
#include "histoloom/core/file.h"
#include "mask_sampler.h"
#include "networks/test_model.h"
#include "stop_at.h"
#include "train/test_train.h"
#include "training_log.h"

namespace histoloom {
namespace {

namespace fs = std::filesystem;

class MaskTrainings : public testing::Test {
 protected:
  MaskTrainings() {
    const PixelSize size{256, 256};
    for (const char* folder : {"a", "b"}) fs::create_directories(scratch_ / folder);
    for (int i = 0; i < 3; ++i) {
      const std::string name = "p" + std::to_string(i);
      write_image(scratch_ / "a" / (name + ".png"), size, 3, blobs(size, i));
      write_image(scratch_ / "a" / (name + "_mask.png"), size, 1, halves(size, i + 1, 1, 2));
      write_image(scratch_ / "b" / (name + ".png"), size, 1, halves(size, i + 1, 2, 1));
    }
  }
  static std::vector<std::uint8_t> halves(PixelSize size, int quarter, int left, int right) {
    std::vector<std::uint8_t> out;
    for (std::int64_t i = 0; i < size.area(); ++i)
      out.push_back(static_cast<std::uint8_t>(i % size.width < quarter * 64 ? left : right));
    return out;
  }
  fs::path bundle(const char* name) {
    nlohmann::ordered_json json = small_model_json();
    json["label_set"]["labels"].push_back({{"id", 2}, {"name", "other"}, {"color", {0, 0, 9}}});
    json["mask"] = {{"cell", 16},    {"patch", 8},         {"batch", 2},
                    {"scale", 0.25}, {"prediction", "x0"}, {"defaults", json["defaults"]}};
    json["mask_denoiser"] = {{"architecture", "label_map_unet"},
                             {"config", json["denoiser"]["config"]},
                             {"weights", "mask_denoiser.safetensors"}};
    json["mask_denoiser"]["config"]["latent_channels"] = 2;
    fs::create_directories(scratch_ / name);
    write_bytes(scratch_ / name / "model.json", json.dump());
    return scratch_ / name;
  }
  TrainOptions options(const fs::path& model) {
    TrainOptions o = few_steps(model);
    o.masks = {{scratch_ / "a", "first"}, {scratch_ / "b", "second"}};
    return o;
  }

  ScratchDirectory scratch_;
  SilentProgress silent_;
};

TEST_F(MaskTrainings, TheLossFallsBelowWhatKnowsNothing) {
  TrainOptions o = options(bundle("m"));
  o.steps = 1;
  EXPECT_NEAR(train_mask_denoiser(o, silent_).training.loss, 1, 0.05);  // a fresh network says 0
  o = options(bundle("n"));
  o.steps = 300;
  o.batch = 16;
  const MaskReport report = train_mask_denoiser(o, silent_);
  EXPECT_LT(report.training.loss, 0.75);
  EXPECT_GT(report.completion_accuracy, 0.4);
}

TEST_F(MaskTrainings, AResumedTrainingEqualsAnUnbrokenOneBitForBit) {
  const fs::path whole = bundle("whole"), broken = bundle("broken");
  train_mask_denoiser(options(whole), silent_);
  StopAt stop(7);
  EXPECT_EQ(message_of<Interrupted>([&] { train_mask_denoiser(options(broken), stop); }),
            "training stopped at step 7; go on with --resume");
  TrainOptions o = options(broken);
  o.resume = true;
  train_mask_denoiser(o, silent_);
  EXPECT_TRUE(read_file(whole / "mask_denoiser.safetensors") ==
              read_file(broken / "mask_denoiser.safetensors"));
}

TEST_F(MaskTrainings, TheLossIsMeasuredOnMasksThatAreHeldOut) {
  TrainOptions o = options(bundle("m"));
  o.data.held_out_every = 2;
  train_mask_denoiser(o, silent_);
  TrainingLog log(o.checkpoint.string() + ".csv");
  log.resume(o.steps);
  ASSERT_EQ(log.rows().size(), 3u);
  for (const LogRow& row : log.rows()) EXPECT_NEAR(row.held_out_loss.value(), 1, 0.5);
  // Curves of 900 × 360, and two rows of masks of 8 cells.
  EXPECT_EQ(vips_image_get_height(open_vips_image(o.checkpoint.string() + ".png").get()),
            32 + 360 + 2 * (24 + 8 * 25 + 16));
}

TEST_F(MaskTrainings, TheHeldOutLossIsThatOfHeldOutMasksAlone) {
  // One class fills what is trained on, another what is held out: learnt, and never seen.
  const PixelSize size{256, 256};
  for (const auto& [name, label] : {std::pair("p0", 2), {"p1", 1}, {"p2", 2}})
    write_image(scratch_ / "b" / (std::string(name) + ".png"), size, 1,
                halves(size, 4, label, label));
  TrainOptions o = options(bundle("m"));
  o.masks = {{scratch_ / "b", "first"}};
  o.data.held_out_every = 2;
  o.steps = 100;
  train_mask_denoiser(o, silent_);
  TrainingLog log(o.checkpoint.string() + ".csv");
  log.resume(o.steps);
  EXPECT_LT(log.rows().back().loss, 0.5);
  EXPECT_GT(log.rows().back().held_out_loss.value(), 1);
}

TEST_F(MaskTrainings, AFolderIsGivenOnceAPrompt) {
  TrainOptions o = options(bundle("m"));
  o.masks = {{scratch_ / "a", ""}, {scratch_ / "b", "first"}, {scratch_ / "b", "second"}};
  EXPECT_EQ(message_of([&] { MaskTraining training(o); }), "");
  o.masks.push_back({scratch_ / "b/../a/", "first"});  // as no prompt is
  EXPECT_EQ(message_of([&] { MaskTraining training(o); }),
            "--images " + (scratch_ / "b/../a/").string() + ": is given twice");
  o.masks = {{"", "first"}};
  EXPECT_EQ(message_of([&] { MaskTraining training(o); }),
            "--images : no folder is named; give DIR:PROMPT");
}

TEST_F(MaskTrainings, ASourceLiesOnOneSideInAllFolders) {
  for (const char* name : {"p0.png", "p2.png"}) fs::remove(scratch_ / "b" / name);
  TrainOptions o = options(bundle("m"));
  o.data.held_out_every = 2;
  o.data.source = "^p.";
  // Of p0, p1 and p2 in a, p0 and p2 are held out; p1 in b by itself would be, and leave nothing.
  train_mask_denoiser(o, silent_);
  o.resume = true;
  o.data.source.clear();
  EXPECT_THAT(message_of([&] { train_mask_denoiser(o, silent_); }),
              testing::HasSubstr("no image is left to train on"));
}

TEST_F(MaskTrainings, AResumeWithOtherPromptsIsRefused) {
  TrainOptions o = options(bundle("m"));
  o.steps = 2;
  train_mask_denoiser(o, silent_);
  o.resume = true;
  std::swap(o.masks[0].prompt, o.masks[1].prompt);
  EXPECT_THAT(message_of([&] { train_mask_denoiser(o, silent_); }),
              testing::ContainsRegex("was started with the prompts of masks .SHA-256 .*, now "));
}

TEST_F(MaskTrainings, AnnotatedSlidesAreMasksToo) {
  const PixelSize size{320, 256};
  write_image(scratch_ / "s.tif", size, 3, blobs(size, 1));
  write_bytes(scratch_ / "s.geojson", R"({"type": "Feature",
    "properties": {"classification": {"name": "Other"}},
    "geometry": {"type": "Polygon",
                 "coordinates": [[[0, 0], [160, 0], [160, 256], [0, 256], [0, 0]]]}})");
  TrainOptions o = options(bundle("m"));
  o.masks.clear();
  o.data.slides = {{scratch_ / "s.tif", scratch_ / "s.geojson"}};
  o.slides_prompt = "second";
  const auto trained = [&] {
    fs::remove(o.model / "mask_denoiser.safetensors");
    train_mask_denoiser(o, silent_);
    return read_file(o.model / "mask_denoiser.safetensors");
  };
  const std::string slide_alone = trained();
  o.masks = {{scratch_ / "a", "first"}};
  o.data.held_out_every = 2;  // an image, and no slide
  const std::string both = trained();
  EXPECT_FALSE(both == slide_alone) << "the masks are learnt from";
  const auto slides = std::exchange(o.data.slides, {});
  EXPECT_FALSE(both == trained()) << "the slide is learnt from";
  o.data.slides = slides;
  o.slides_prompt = "third";
  EXPECT_EQ(message_of([&] { train_mask_denoiser(o, silent_); }),
            "--slides: 'third' is not a prompt of model 'small'; they are: first, second");
  o.slides_prompt.clear();
  o.data.slides[0].labels.clear();
  EXPECT_EQ(message_of([&] { train_mask_denoiser(o, silent_); }),
            "--slides: nothing has a mask; expected are NAME_mask.png beside NAME.png, a NAME.png "
            "of one band that is a mask itself, or SLIDE:LABELS.geojson");
}

TEST_F(MaskTrainings, PatchesHoldWhatTheNetworkIsToPaint) {
  const fs::path path = bundle("m");
  const ModelBundle model = ModelBundle::read(path);
  const MaskModel masks(model);
  // Class 0 everywhere, and half of it not known.
  const at::Tensor known = at::zeros({20, 20}, at::kBool);
  known.narrow(0, 0, 10).fill_(true);
  const MaskSampler sampler({{{at::zeros({20, 20}, at::kLong), known}, 2}}, masks);
  at::manual_seed(3);
  const MaskBatch batch = sampler.draw(32, 0.25);
  ASSERT_EQ(batch.x0.sizes(), (std::vector<std::int64_t>{32, 2, 8, 8}));
  const at::Tensor tissue = batch.tissue > 0;
  EXPECT_TRUE(at::allclose(batch.x0.select(1, 0), batch.tissue.squeeze(1) * masks.inside()));
  EXPECT_TRUE(at::allclose(batch.x0.select(1, 1), batch.tissue.squeeze(1) * masks.outside()));
  EXPECT_FLOAT_EQ(masks.inside(), 0.125f);
  EXPECT_FLOAT_EQ(masks.outside(), -0.125f);
  std::int64_t without = 0, cut = 0;
  for (std::int64_t i = 0; i < 32; ++i) {
    const at::Tensor ids = batch.conditions[i], inside = tissue[i][0];
    cut += !inside.all().item<bool>();
    if ((ids == 0).all().item<bool>()) {
      ++without;
      continue;
    }
    EXPECT_TRUE(at::equal(
        ids, at::where(inside, at::full_like(ids, 2), at::full_like(ids, masks.beyond()))));
  }
  EXPECT_GT(without, 0);
  EXPECT_LT(without, 20);
  EXPECT_GT(cut, 4);
  EXPECT_LT(cut, 28);
}

// ---- Two scales

TEST(CoarserMask, HasTheClassOfMostCells) {
  const at::Tensor classes = at::tensor({0, 0, 1,  1,  9,  //
                                         0, 1, 1,  -1, 9,  //
                                         2, 2, -1, -1, 9, 2, 2, -1, 1, 9, 9, 9, 9, 9, 9},
                                        at::kLong)
                                 .view({5, 5});
  at::Tensor known = at::zeros({5, 5}, at::kBool);
  known.narrow(0, 0, 2).narrow(1, 0, 1).fill_(true);  // half of the first
  known[0][2].fill_(true);                            // a quarter of the second
  const CompletedMask coarser = coarser_mask({classes, known}, 2);
  EXPECT_TRUE(at::equal(coarser.classes, at::tensor({0, 1, 2, -1}, at::kLong).view({2, 2})));
  EXPECT_TRUE(
      at::equal(coarser.known.flatten().to(at::kLong), at::tensor({1, 0, 0, 0}, at::kLong)));
}

class CoarserTrainings : public MaskTrainings {
 protected:
  // Coarser cells of 2 × 2: a patch of them has 256 px.
  fs::path bundle_of_two() {
    const fs::path path = bundle("two");
    nlohmann::ordered_json json = nlohmann::ordered_json::parse(read_text(path / "model.json"));
    json["mask"]["coarser"] = {{"cell", 32}, {"steps", 3}, {"begin", 0.5}};
    json["mask_denoiser"]["config"]["labels"] = 6;
    write_bytes(path / "model.json", json.dump());
    return path;
  }
};

TEST_F(CoarserTrainings, HalfOfThePatchesAreInCoarserCells) {
  const ModelBundle model = ModelBundle::read(bundle_of_two());
  const MaskModel masks(model);
  const auto filled = [](std::int64_t side, std::int64_t id) {
    return CompletedMask{at::full({side, side}, id, at::kLong), at::ones({side, side}, at::kBool)};
  };
  // Masks of prompt 2 of 16 finer cells a side have class 1 and are seen at both scales, one of 7 has
  // class 0 and is too small for the coarser one.
  const MaskSampler sampler({{filled(16, 1), 2}, {filled(7, 0), 2}}, masks);
  EXPECT_TRUE(sampler.without_coarser().empty());
  at::manual_seed(5);
  const MaskBatch batch = sampler.draw(200, 0);
  const at::Tensor most = batch.conditions.flatten(1).to(at::kLong);
  std::int64_t coarser = 0;
  for (std::int64_t i = 0; i < 200; ++i) {
    const bool is_coarser = (most[i] == 5).any().item<bool>();
    EXPECT_FALSE(is_coarser && (most[i] == 2).any().item<bool>());
    coarser += is_coarser;
    const at::Tensor first = batch.x0[i][0], tissue = batch.tissue[i][0] > 0;
    if (is_coarser) {
      EXPECT_FALSE((first.masked_select(tissue) > 0).any().item<bool>());
    }
  }
  EXPECT_NEAR(static_cast<double>(coarser), 100, 25);
  EXPECT_EQ(MaskSampler({{filled(7, 0), 2}}, masks).without_coarser(), std::vector<LabelId>{2});
  // Masks for the coarser scale alone are never seen in finer cells.
  const MaskSampler parted({{filled(16, 1), 2, /*coarser_only=*/true}, {filled(7, 0), 2}}, masks);
  const MaskBatch drawn = parted.draw(60, 0);
  for (std::int64_t i = 0; i < 60; ++i) {
    const bool is_coarser = (drawn.conditions[i] == 5).any().item<bool>();
    const at::Tensor tissue = drawn.tissue[i][0] > 0;
    const at::Tensor second = drawn.x0[i][1].masked_select(tissue) > 0;
    EXPECT_EQ(is_coarser, second.all().item<bool>()) << i;
    EXPECT_EQ(!is_coarser, !second.any().item<bool>()) << i;
  }
}

TEST_F(CoarserTrainings, TheNetworkIsTrainedAndPaintsAtBothScales) {
  TrainOptions o = options(bundle_of_two());
  o.steps = 40;
  EXPECT_LT(train_mask_denoiser(o, silent_).training.loss, 1.1);
  EXPECT_EQ(MaskModel(ModelBundle::read(o.model)).load(DType::float32)->labels(), 6);
}

TEST_F(CoarserTrainings, APromptWithoutALargeMaskIsNamed) {
  TrainOptions o = options(bundle_of_two());
  nlohmann::ordered_json json = nlohmann::ordered_json::parse(read_text(o.model / "model.json"));
  json["mask"]["coarser"]["cell"] = 80;
  write_bytes(o.model / "model.json", json.dump());
  EXPECT_EQ(message_of([&] { train_mask_denoiser(o, silent_); }),
            "no annotated mask of prompt 'first' has 320 px a side, from which on masks teach the "
            "scale of 'mask.coarser'; give larger masks, or leave it out of model.json");
}

TEST_F(CoarserTrainings, MasksForTheCoarserScaleAloneAreReadWithTheOthers) {
  TrainOptions o = options(bundle_of_two());
  const auto weights_with = [&](bool coarser_only) {
    o.masks[1].coarser_only = coarser_only;
    fs::remove(o.model / "mask_denoiser.safetensors");
    train_mask_denoiser(o, silent_);
    return read_file(o.model / "mask_denoiser.safetensors");
  };
  EXPECT_FALSE(weights_with(true) == weights_with(false));
  write_image(scratch_ / "b" / "small.png", {200, 120}, 1, std::vector<std::uint8_t>(24000, 1));
  o.masks[1].coarser_only = true;
  EXPECT_EQ(message_of([&] { train_mask_denoiser(o, silent_); }),
            "--coarser-images " + (scratch_ / "b").string() +
                ": training mask 'small' is 200x120 px, at least 128 a side are needed");
  o.model = bundle("one");
  EXPECT_EQ(message_of([&] { train_mask_denoiser(o, silent_); }),
            "--coarser-images " + (scratch_ / "b").string() +
                ": model 'small' has no 'mask.coarser' to be trained");
}

TEST_F(MaskTrainings, WhatCannotBeUsedIsNamed) {
  TrainOptions o = options(bundle("m"));
  o.masks[1].prompt = "third";
  EXPECT_EQ(message_of([&] { train_mask_denoiser(o, silent_); }),
            "--images " + (scratch_ / "b").string() +
                ": 'third' is not a prompt of model 'small'; they are: first, second");
  o = options(bundle("m"));
  write_image(scratch_ / "b" / "small.png", {100, 130}, 1, std::vector<std::uint8_t>(13000, 1));
  EXPECT_EQ(message_of([&] { train_mask_denoiser(o, silent_); }),
            "--images " + (scratch_ / "b").string() +
                ": training mask 'small' is 100x130 px, at least 128 a side are needed");
  fs::remove(scratch_ / "b" / "small.png");
  fs::remove(scratch_ / "a" / "p0_mask.png");
  write_image(scratch_ / "b" / "p0.png", {256, 256}, 1, std::vector<std::uint8_t>(256 * 256, 0));
  o = options(bundle("m"));
  o.data.held_out_every = 3;
  EXPECT_EQ(message_of([&] { train_mask_denoiser(o, silent_); }),
            "--images " + (scratch_ / "a").string() +
                ": nothing that is held out has a mask; give another --held-out-every, or more "
                "masks");
  o.masks.erase(o.masks.begin());
  EXPECT_EQ(message_of([&] { MaskTraining training(o); }),
            "--held-out-every 3 holds out no annotated mask; give another number or more masks");
  o = options(bundle("m"));
  for (const char* name : {"p1", "p2"})
    fs::rename(scratch_ / "a" / (std::string(name) + "_mask.png"),
               scratch_ / "a" / (std::string(name) + "_labels_mask.png"));
  EXPECT_EQ(
      message_of([&] { train_mask_denoiser(o, silent_); }),
      "--images " + (scratch_ / "a").string() +
          ": nothing has a mask; expected are NAME_mask.png beside NAME.png, a NAME.png of one "
          "band that is a mask itself, or SLIDE:LABELS.geojson");
  o.masks.clear();
  o.data.images = scratch_ / "a";
  EXPECT_EQ(message_of([&] { train_mask_denoiser(o, silent_); }),
            "no masks to train on; give --images DIR:PROMPT or --slides FILE:LABELS.geojson");
}

TEST(MaskFolder, TheLastColonPartsDirectoryAndPrompt) {
  EXPECT_EQ(parse_mask_folder("data/x:squamous").images, "data/x");
  EXPECT_EQ(parse_mask_folder("data/x:squamous").prompt, "squamous");
  EXPECT_EQ(parse_mask_folder("a:b:c").images, "a:b");
  EXPECT_EQ(parse_mask_folder("data").images, "data");
  EXPECT_EQ(parse_mask_folder("data").prompt, "");
}

}  // namespace
}  // namespace histoloom
