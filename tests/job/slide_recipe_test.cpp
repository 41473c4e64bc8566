// The recipe of a new slide with its store, sink and networks handed in: what it makes, in which
// order, and what is left when something fails on the way.
#include "slide_recipe.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "fake_networks.h"
#include "histoloom/core/file.h"
#include "histoloom/pyramid/sink.h"
#include "job_json.h"
#include "outputs.h"

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
            const OpenWriter& open_writer = open_slide_writer, bool force = true) {
    const GenerateSpec spec = parse(a);
    SlideRecipe recipe(spec, bundle_, Replaceable(force));
    WorkDirectory work(spec.work, resume, /*force=*/false, text_of(recipe.job()), "avx2");
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

// A slide's writer that is killed, so to speak, right after OUT has got its name.
struct Killed {};

TEST_F(SlideRecipeTest, AKillAfterTheSlideHasItsNameLeavesOnlyTheWorkToRemove) {
  GenerateArguments a = arguments();
  make(a);
  const std::string expected = read_file(scratch_ / "slide.svs");
  std::filesystem::remove(scratch_ / "slide.svs");
  pyramid::FileCalls calls = pyramid::system_calls();
  calls.rename = [](const char* from, const char* to) {
    std::filesystem::rename(from, to);
    throw Killed();
    return 0;
  };
  const OpenWriter killed = [&](const auto& path, const auto& options, const auto& checkpoints) {
    return std::make_unique<pyramid::PyramidWriter>(pyramid::open_file_sink(path, calls), path,
                                                    options, &checkpoints);
  };
  EXPECT_THROW(make(a, false, killed), Killed);
  EXPECT_TRUE(std::filesystem::exists(scratch_ / "slide.svs.work" / "job.json"));
  networks_.asked.clear();
  make(a, /*resume=*/true);
  EXPECT_EQ(networks_.asked, "") << "nothing is painted or decoded again";
  EXPECT_EQ(read_file(scratch_ / "slide.svs"), expected);
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "slide.svs.work"));
}

TEST_F(SlideRecipeTest, AnOutputThatComesFromElsewhereStopsTheJobAndStays) {
  GenerateArguments a = arguments();
  make(a);
  const std::string expected = read_file(scratch_ / "slide.svs");
  for (const char* name : {"slide.svs", "slide.svs.manifest.json", "report.json"})
    std::filesystem::remove(scratch_ / name);
  const OpenWriter slow = [&](const auto& path, const auto& options, const auto& checkpoints) {
    write_bytes(scratch_ / "report.json", "of another program");
    return open_slide_writer(path, options, checkpoints);
  };
  EXPECT_EQ(message_of<OutputAppeared>([&] { make(a, false, slow, /*force=*/false); }),
            "--report " + (scratch_ / "report.json").string() +
                ": another program has made it since the job began");
  EXPECT_EQ(read_file(scratch_ / "report.json"), "of another program");
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "slide.svs"));
  std::filesystem::remove(scratch_ / "report.json");
  make(a, /*resume=*/true, open_slide_writer, /*force=*/false);
  EXPECT_EQ(read_file(scratch_ / "slide.svs"), expected);
}

TEST_F(SlideRecipeTest, ClaimsItsNameFromTheStart) {
  const auto partial = scratch_ / ".slide.svs.partial";
  std::string other;
  networks_.when_asked = [&] {
    if (!other.empty()) return;
    other = message_of([&] { check_outputs(parse(arguments()), Replaceable(true)); });
  };
  make(arguments());
  EXPECT_EQ(other, (scratch_ / "slide.svs").string() + ": another process is writing it (" +
                       partial.string() + " is locked)");
  EXPECT_FALSE(std::filesystem::exists(partial));
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
