// A slide that is painted under a picture from outside.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "coarser_run.h"
#include "fake_networks.h"
#include "given_stage.h"
#include "histoloom/core/file.h"
#include "histoloom/pictures/png.h"
#include "job_json.h"
#include "networks/test_cascade.h"
#include "slide_recipe.h"

namespace histoloom {
namespace {

class Refine : public testing::Test {
 protected:
  Refine() {
    write_small_cascade(scratch_ / "model");
    bundle_ = ModelBundle::read(scratch_ / "model");
  }
  // Tissue of some colours on glass at the right.
  std::filesystem::path picture(PixelSize size, int red = 180, int channels = 3) const {
    Picture out{size, {}, channels};
    for (std::int64_t y = 0; y < size.height; ++y)
      for (std::int64_t x = 0; x < size.width; ++x) {
        const bool glass = 4 * x >= 3 * size.width;
        const int colour[] = {glass ? 240 : red, glass ? 241 : static_cast<int>(60 + (x + y) % 90),
                              glass ? 240 : 150};
        for (int c = 0; c < channels; ++c)
          out.samples.push_back(static_cast<std::uint8_t>(colour[c]));
      }
    const std::filesystem::path path = scratch_ / "thumbnail.png";
    write_png(path, out.view());
    return path;
  }
  GenerateArguments arguments(const std::filesystem::path& file, double mpp) const {
    GenerateArguments a;
    a.out = scratch_ / "slide.svs";
    a.model = scratch_ / "model";
    a.picture = file;
    a.picture_mpp = mpp;
    a.threads = 2;
    a.dtype = "float32";
    return a;
  }
  nlohmann::ordered_json make(const GenerateArguments& a) {
    const GenerateSpec spec = parse(a);
    SlideRecipe recipe(spec, bundle_, Replaceable(true));
    Networks networks(bundle_, recipe.image(), spec.machine, recipe.needs());
    WorkDirectory work(spec.work, a.resume, /*force=*/false, text_of(recipe.job()), "avx2",
                       recipe.coarser_stages());
    recipe.run(networks, work, open_slide_writer, progress_);
    return recipe.job();
  }
  std::string bytes_of(const GenerateArguments& a) {
    make(a);
    return read_file(a.out);
  }
  std::string refusal(const GenerateArguments& a) {
    return message_of([&] {
      const GenerateSpec spec = parse(a);
      SlideRecipe(spec, bundle_, Replaceable(true));
    });
  }

  // Keeps the names of stages, and stops once it has been asked so often.
  class Names final : public Progress {
   public:
    void start_stage(std::string_view name, std::int64_t, std::string_view) override {
      stages.emplace_back(name);
    }
    void update(std::int64_t, std::string_view) override {}
    void finish() override {}
    void warn(std::string_view) override {}
    bool stop_requested() const override { return left-- <= 0; }
    std::vector<std::string> stages;
    mutable std::atomic<int> left = 1 << 30;
  };

  ScratchDirectory scratch_;
  ModelBundle bundle_;
  Names progress_;
};

TEST_F(Refine, AThumbnailStandsInForTheStageOfItsScale) {
  // 8 microns a pixel, as the stage 'overview' of it: 16 of the slide's pixels.
  const nlohmann::ordered_json job = make(arguments(picture({40, 30}), 8));
  EXPECT_EQ(progress_.stages,
            (std::vector<std::string>{"painting middle latents", "decoding middle",
                                      "painting latents", "decoding and writing"}));
  EXPECT_EQ(open_picture(scratch_ / "slide.svs")->size(), (PixelSize{640, 480}));
  EXPECT_EQ(job["refined"]["picture"], "thumbnail.png");
  EXPECT_EQ(job["refined"]["mpp"], 8);
  EXPECT_EQ(job["refined"]["stage"], "overview");
  EXPECT_EQ(job["labels"]["source"], "layout " + (scratch_ / "thumbnail.png").string());
}

TEST_F(Refine, AFinerPictureSparesAStage) {
  const nlohmann::ordered_json job = make(arguments(picture({160, 120}), 2));
  EXPECT_EQ(progress_.stages,
            (std::vector<std::string>{"painting latents", "decoding and writing"}));
  EXPECT_EQ(job["refined"]["stage"], "middle");
}

TEST_F(Refine, ThePictureDecidesThePixels) {
  const std::string one = bytes_of(arguments(picture({40, 30}), 8));
  EXPECT_EQ(bytes_of(arguments(picture({40, 30}), 8)), one);
  EXPECT_NE(bytes_of(arguments(picture({40, 30}, 90), 8)), one);
  GenerateArguments a = arguments(picture({40, 30}), 8);
  a.threads = 1;
  a.memory = "64MiB";
  EXPECT_EQ(bytes_of(a), one);
}

TEST_F(Refine, StoppedItGoesOnToTheSameBytesUnderTheSamePictureAlone) {
  GenerateArguments a = arguments(picture({40, 30}), 8);
  const std::string expected = bytes_of(a);
  std::filesystem::remove(a.out);
  progress_.left = 20;
  EXPECT_THROW(make(a), Interrupted);
  EXPECT_FALSE(std::filesystem::exists(a.out));
  progress_.left = 1 << 30;
  a.resume = true;
  picture({40, 30}, 90);
  EXPECT_NE(message_of([&] { make(a); }).find("refined"), std::string::npos);
  picture({40, 30});
  EXPECT_EQ(bytes_of(a), expected);
}

TEST_F(Refine, GlassOfThePictureStaysGlass) {
  make(arguments(picture({40, 30}), 8));
  const Picture right = open_picture(scratch_ / "slide.svs")->region({560, 100, 624, 164});
  for (const std::uint8_t value : right.samples) EXPECT_GT(value, 225);
}

TEST(GivenStage, TakesTheStageThatNeedsNoMoreDetail) {
  const ScratchDirectory scratch;
  write_small_cascade(scratch.path());
  const ModelBundle bundle = ModelBundle::read(scratch.path());
  for (const auto& [mpp, index] : {std::pair{0.25, 1}, std::pair{2.0, 1}, std::pair{2.01, 1},
                                   std::pair{2.1, 0}, std::pair{8.0, 0}, std::pair{90.0, 0}})
    EXPECT_EQ(given_index(mpp, bundle), static_cast<std::size_t>(index)) << mpp;
  EXPECT_EQ(message_of([&] { given_index(8, bundle.stages[0]); }),
            "model 'small' has no coarser stage, whose place a picture could take");
}

TEST_F(Refine, APictureIsShrunkToItsStageOrKeepsItsPixels) {
  const std::filesystem::path file = picture({161, 90});
  const GivenStage finer({file, 1}, bundle_), coarser({file, 16}, bundle_);
  EXPECT_EQ(finer.size(), (PixelSize{80, 45}));
  EXPECT_DOUBLE_EQ(finer.mpp(), 2);
  EXPECT_EQ(coarser.size(), (PixelSize{161, 90}));
  EXPECT_DOUBLE_EQ(coarser.mpp(), 16);
  ChunkCache cache(1 << 20);
  LatentArray stored =
      LatentArray::create(scratch_ / "array", 3, {161, 90}, StoreType::float16, cache);
  coarser.store(stored);
  std::vector<float> pixel(3);
  stored.read({4, 7, 5, 8}, pixel.data());
  EXPECT_NEAR(pixel[0], 180 / 255.0, 1e-3);
  EXPECT_NEAR(pixel[1], 71 / 255.0, 1e-3);
  EXPECT_NEAR(pixel[2], 150 / 255.0, 1e-3);
}

TEST_F(Refine, WhatCannotBeRefinedIsRefused) {
  const std::filesystem::path file = picture({40, 30});
  const std::string name = file.string();
  GenerateArguments a = arguments(file, 8);
  a.picture_mpp.reset();
  EXPECT_EQ(refusal(a), name +
                            " doesn't state its microns a pixel; give --mpp, which for a thumbnail "
                            "are the slide's times how much it was shrunk");
  a.picture_mpp = 0;
  EXPECT_EQ(refusal(a), "--mpp must be from 0.01 to 1000, got 0");
  a.picture_mpp = 0.25;
  EXPECT_EQ(refusal(a).rfind(name + ", of 40x30 px with 0.25 microns: ", 0), 0u) << refusal(a);
  a.picture_mpp = 8;
  a.picture = scratch_ / "none.png";
  EXPECT_EQ(refusal(a), (scratch_ / "none.png").string() +
                            " can't be opened: No such file or directory; check the path");
  a.picture = a.out;
  EXPECT_EQ(refusal(a),
            "'" + a.out.string() + "' is named twice; every file needs a name of its own");
  a = arguments(picture({40, 30}, 180, 1), 8);
  EXPECT_EQ(refusal(a), name + " is grey; a picture in colour is needed");
}

TEST_F(Refine, AModelOfOneStageIsRefused) {
  write_small_bundle(scratch_ / "single");
  const ModelBundle single = ModelBundle::read(scratch_ / "single");
  GenerateArguments a = arguments(picture({40, 30}), 8);
  a.model = scratch_ / "single";
  EXPECT_EQ(message_of([&] {
              const GenerateSpec spec = parse(a);
              SlideRecipe(spec, single, Replaceable(true));
            }),
            "model 'small' has no coarser stage, whose place a picture could take");
}

}  // namespace
}  // namespace histoloom
