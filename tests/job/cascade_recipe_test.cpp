// A slide of three stages, painted by small networks: the same bytes however it is run, and what it
// leaves beside the slide.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "fake_networks.h"
#include "histoloom/core/file.h"
#include "histoloom/pictures/open_picture.h"
#include "job_json.h"
#include "networks/test_cascade.h"
#include "preview.h"
#include "slide_recipe.h"

namespace histoloom {
namespace {

// Stops the job once it has been asked so often.
class StoppingProgress final : public Progress {
 public:
  explicit StoppingProgress(int after) : left_(after) {}
  void start_stage(std::string_view name, std::int64_t, std::string_view) override {
    stages.emplace_back(name);
  }
  void update(std::int64_t, std::string_view) override {}
  void finish() override {}
  void warn(std::string_view) override {}
  bool stop_requested() const override { return left_-- <= 0; }

  std::vector<std::string> stages;

 private:
  mutable std::atomic<int> left_;
};

class CascadeRecipe : public testing::Test {
 protected:
  CascadeRecipe() {
    write_small_cascade(scratch_ / "model");
    bundle_ = ModelBundle::read(scratch_ / "model");
  }
  GenerateArguments arguments() const {
    GenerateArguments a;
    a.out = scratch_ / "slide.svs";
    a.model = scratch_ / "model";
    a.size = "500x340";
    a.layout = "full";
    a.threads = 2;
    a.dtype = "float32";
    return a;
  }
  // Runs the recipe to its end, or until it is stopped.
  void make(const GenerateArguments& a, Progress& progress, bool resume = false) {
    const GenerateSpec spec = parse(a);
    SlideRecipe recipe(spec, bundle_, Replaceable(true));
    Networks networks(bundle_, recipe.image(), spec.machine, recipe.needs());
    WorkDirectory work(spec.work, resume, /*force=*/false, text_of(recipe.job()), "avx2",
                       recipe.coarser_stages());
    recipe.run(networks, work, open_slide_writer, progress);
  }
  std::string bytes_of(const GenerateArguments& a) {
    StoppingProgress never(1 << 30);
    make(a, never);
    std::string out = read_file(a.out);
    std::filesystem::remove(a.out);
    return out;
  }

  ScratchDirectory scratch_;
  ModelBundle bundle_;
};

TEST_F(CascadeRecipe, PaintsOneStageAfterTheOther) {
  GenerateArguments a = arguments();
  a.report = scratch_ / "report.json";
  a.preview = scratch_ / "preview.png";
  StoppingProgress progress(1 << 30);
  make(a, progress);
  EXPECT_EQ(progress.stages,
            (std::vector<std::string>{"painting overview latents", "decoding overview",
                                      "painting middle latents", "decoding middle",
                                      "painting latents", "decoding and writing"}));
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "slide.svs.work"));
  // 500 × 340 px of 0.5 microns are 32 × 22 of 8.
  EXPECT_EQ(open_picture(a.preview)->size(), (PixelSize{32, 22}));
  const auto report = nlohmann::json::parse(read_file(a.report));
  ASSERT_EQ(report["coarser_stages"].size(), 2u);
  EXPECT_EQ(report["coarser_stages"][0]["name"], "overview");
  EXPECT_EQ(report["coarser_stages"][1]["coverage"]["steps"].size(), 5u);
  EXPECT_GT(report["coarser_stages"][1]["autoencoder"]["decodes"], 0);
}

TEST_F(CascadeRecipe, EachStageCounts) {
  const std::string expected = bytes_of(arguments());
  for (const char* name : {"overview", "middle", "denoiser"}) {
    const std::filesystem::path weights = scratch_ / "model" / (std::string(name) + ".safetensors");
    const std::string kept = read_file(weights);
    write_small_cascade(scratch_ / "other");
    const auto network = make_denoiser(
        "label_map_unet",
        (name == std::string("denoiser") ? bundle_.denoiser : bundle_.stage_named(name).denoiser)
            .config_json,
        "test");
    randomise(network->parameters(), 77);
    write_safetensors(weights, network->parameters(), {});
    EXPECT_NE(bytes_of(arguments()), expected) << name;
    write_bytes(weights, kept);
  }
  EXPECT_EQ(bytes_of(arguments()), expected);
}

TEST_F(CascadeRecipe, NeitherThreadsNorMemoryChangeAByte) {
  GenerateArguments a = arguments();
  const std::string expected = bytes_of(a);
  a.threads = 1;
  a.memory = "64MiB";
  EXPECT_EQ(bytes_of(a), expected);
}

TEST_F(CascadeRecipe, StoppedInAnyStageItGoesOnToTheSameBytes) {
  GenerateArguments a = arguments();
  a.preview = scratch_ / "preview.png";
  const std::string expected = bytes_of(a), preview = read_file(a.preview);
  std::filesystem::remove(a.preview);
  int stops = 0;
  bool resume = false, done = false;
  std::set<std::string> stopped_in;
  while (!done) {
    StoppingProgress progress(10 + 3 * stops);
    try {
      make(a, progress, resume);
      done = true;
    } catch (const Interrupted&) {
      ++stops;
      if (!progress.stages.empty()) stopped_in.insert(progress.stages.back());
    }
    resume = true;
    ASSERT_LT(stops, 100);
  }
  EXPECT_GE(stops, 5);
  EXPECT_TRUE(stopped_in.contains("painting overview latents"));
  EXPECT_TRUE(stopped_in.contains("painting middle latents"));
  EXPECT_TRUE(stopped_in.contains("painting latents"));
  EXPECT_EQ(read_file(a.out), expected);
  EXPECT_EQ(read_file(a.preview), preview);
}

TEST_F(CascadeRecipe, AStageIsASlideOfItsOwn) {
  GenerateArguments a = arguments();
  a.stage = "middle";
  a.out = scratch_ / "middle.tif";
  StoppingProgress progress(1 << 30);
  make(a, progress);
  EXPECT_EQ(progress.stages.back(), "decoding middle");
  const auto middle = open_picture(a.out);
  EXPECT_EQ(middle->size(), (PixelSize{125, 85}));
  EXPECT_DOUBLE_EQ(middle->mpp().value(), 2);
  a.stage = "overview";  // of magnification 0.5, which no objective has
  a.out = scratch_ / "overview.svs";
  make(a, progress);
  EXPECT_DOUBLE_EQ(open_picture(a.out)->mpp().value(), 8);
  a = arguments();
  a.stage = "fine";
  EXPECT_EQ(bytes_of(a), bytes_of(arguments()));
}

TEST_F(CascadeRecipe, WhatDoesNotFitIsRefused) {
  const auto refusal = [&](const GenerateArguments& a) {
    return message_of([&] {
      const GenerateSpec spec = parse(a);
      SlideRecipe(spec, bundle_, Replaceable(true));
    });
  };
  GenerateArguments a = arguments();
  a.stage = "coarse";
  EXPECT_EQ(refusal(a), "--stage coarse: model 'small' has the stages overview, middle, fine");
  a = arguments();
  a.preview = scratch_ / "preview.jpg";
  EXPECT_EQ(refusal(a).rfind("--preview must end in .png", 0), 0u) << refusal(a);
  a.preview = scratch_ / "preview.png";
  a.stage = "overview";
  EXPECT_EQ(refusal(a), "--preview: model 'small' has no coarser stage to show");
  a.context_guidance = 1;
  a.preview.clear();
  EXPECT_EQ(refusal(a), "--context-guidance: model 'small' has no coarser stage to be guided by");
  a.context_guidance = -1;
  EXPECT_EQ(refusal(a), "--context-guidance must be from 0 to 100, got -1");
  a.context_guidance.reset();
  a.consistency = 0.5;
  EXPECT_EQ(refusal(a), "--consistency: model 'small' has no coarser stage to agree with");
  a.stage.clear();
  EXPECT_EQ(refusal(a),
            "--consistency: model.json of 'small' doesn't state the colours of its latents; "
            "'histoloom train denoiser' adds them");
  a.consistency = 1.01;
  EXPECT_EQ(refusal(a), "--consistency must be from 0 to 1, got 1.01");
  a = arguments();
  a.stage = "middle";
  a.mask_out = scratch_ / "labels.tif";
  EXPECT_EQ(refusal(a), "--mask-out doesn't go with --stage, whose slide is smaller");
}

TEST(Preview, OfAWidePictureIsShrunkByAWholeFactor) {
  const ScratchDirectory scratch;
  ChunkCache cache(1 << 20);
  LatentArray picture =
      LatentArray::create(scratch / "picture", 3, {8200, 3}, StoreType::float16, cache);
  std::vector<float> values(3 * 8200 * 3);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(i % 8200 % 6 < 3 ? 0 : 255) / 255;
  picture.write({0, 0, 8200, 3}, values.data());
  write_preview(scratch / "p.png", picture);
  const Picture out = read_picture(scratch / "p.png");
  EXPECT_EQ(out.size, (PixelSize{2734, 1}));
  EXPECT_EQ(out.at(0, 0)[0], 0);
  EXPECT_EQ(out.at(1, 0)[1], 255);
  EXPECT_EQ(out.at(2733, 0)[2], 255) << "the mean of the one column that is left";
}

}  // namespace
}  // namespace histoloom
