// The recipe of a new slide with its store, sink and networks handed in: what it makes, in which
// order, and what is left when something fails on the way.
#include "slide_recipe.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "fake_networks.h"
#include "histoloom/core/file.h"
#include "histoloom/pyramid/sink.h"
#include "job_json.h"

namespace histoloom {
namespace {

class SlideRecipeTest : public RecipeTest {
 protected:
  GenerateArguments arguments() const {
    GenerateArguments a;
    a.out = scratch_ / "slide.svs";
    a.model = scratch_ / "model";
    a.size = "200x120";
    a.threads = 2;
    a.dtype = "float32";
    a.steps = 3;
    a.report = scratch_ / "report.json";
    return a;
  }
  // Runs the recipe of `arguments` to its end.
  void make(const GenerateArguments& a, bool resume = false,
            const OpenWriter& open_writer = open_slide_writer) {
    const GenerateSpec spec = parse(a);
    SlideRecipe recipe(spec, bundle_, Replaceable(true));
    WorkDirectory work(spec.work, resume, /*force=*/false, text_of(recipe.job()));
    recipe.run(networks_, work, open_writer, progress_);
  }
};

TEST_F(SlideRecipeTest, MakesSlideManifestAndReportAndLeavesNoWork) {
  make(arguments());
  EXPECT_EQ(scratch_.files(), (std::vector<std::string>{"model", "report.json", "slide.svs",
                                                        "slide.svs.manifest.json"}));
  const auto report = nlohmann::json::parse(read_file(scratch_ / "report.json"));
  EXPECT_EQ(report["slide"]["width"], 200);
  EXPECT_EQ(report["slide"]["height"], 120);
  EXPECT_GT(report["denoiser"]["evaluations"], 0);
  EXPECT_GT(report["autoencoder"]["decodes"], 0);
  EXPECT_EQ(report["coverage"]["steps"].size(), 3u);
}

TEST_F(SlideRecipeTest, HoldsOneNetworkAfterTheOther) {
  make(arguments());
  EXPECT_EQ(networks_.asked, "ada") << "glass, latents, pixels";
}

TEST_F(SlideRecipeTest, AFailingSinkLeavesAJobThatGoesOnToTheSameBytes) {
  make(arguments());
  const std::string expected = read_file(scratch_ / "slide.svs");
  std::filesystem::remove(scratch_ / "slide.svs");
  const OpenWriter fails = [](const auto&, const auto&, const auto&) {
    throw UserError("the sink fails");
    return std::unique_ptr<pyramid::PyramidWriter>();
  };
  EXPECT_EQ(message_of([&] { make(arguments(), false, fails); }), "the sink fails");
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "slide.svs"));
  EXPECT_TRUE(std::filesystem::exists(scratch_ / "slide.svs.work" / "state.json"));
  networks_.asked.clear();
  make(arguments(), /*resume=*/true);
  EXPECT_EQ(read_file(scratch_ / "slide.svs"), expected);
  const auto report = nlohmann::json::parse(read_file(scratch_ / "report.json"));
  EXPECT_EQ(report["coverage"]["steps"].size(), 3u) << "of the run before";
}

TEST_F(SlideRecipeTest, WhatCantBeReadIsRefusedWithoutANetwork) {
  GenerateArguments a = arguments();
  a.mask = scratch_ / "none.png";
  EXPECT_NE(message_of([&] { make(a); }), "");
  EXPECT_EQ(networks_.asked, "");
  EXPECT_EQ(scratch_.files(), (std::vector<std::string>{"model"}));
}

TEST_F(SlideRecipeTest, DescribesWhatItWillTake) {
  const GenerateSpec spec = parse(arguments());
  const SlideRecipe recipe(spec, bundle_, Replaceable(true));
  const std::string text = recipe.describe(networks_);
  EXPECT_TRUE(text.starts_with("slide        200x120 px, 1 levels, 1 tiles at most, ")) << text;
  EXPECT_EQ(scratch_.files(), (std::vector<std::string>{"model"})) << "nothing is written";
}

}  // namespace
}  // namespace histoloom
