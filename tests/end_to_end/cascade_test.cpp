// A slide of three stages through the program: URCDM's magnifications, with random weights.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobs.h"
#include "support.h"

namespace histoloom::test {
namespace {

using testing::HasSubstr;

// How often a coarser stage has been committed, by steps.
int stage_steps(const std::filesystem::path& work, std::size_t stage) {
  const auto state = nlohmann::json::parse(bytes_of(work / "state.json"), nullptr, false);
  if (state.is_discarded() || !state.contains("stages")) return 0;
  return state["stages"][stage].value("painted_steps", 0);
}

// As IHDR has it.
int png_width(const std::filesystem::path& path) {
  const std::string bytes = bytes_of(path);
  int width = 0;
  for (std::size_t i = 16; i < 20; ++i) width = 256 * width + static_cast<unsigned char>(bytes[i]);
  return width;
}

Arguments cascade(const Arguments& more) {
  return plus({"--model", HISTOLOOM_SMALL_CASCADE, "--size", "1500x1100", "--layout", "full",
               "--seed", "2"},
              more);
}

TEST(Cascade, KilledFiveTimesInAllStagesGoesOnToTheSameBytes) {
  StoppedJob job(cascade({"--steps", std::to_string(kSteps)}));
  ASSERT_TRUE(job.kill_at([&] { return stage_steps(job.work(), 0) >= 2; }));
  ASSERT_TRUE(job.kill_at([&] { return stage_steps(job.work(), 1) >= 1; }, {"--resume"}));
  ASSERT_TRUE(job.kill_at([&] { return stage_steps(job.work(), 1) >= 5; }, {"--resume"}));
  EXPECT_EQ(committed_steps(job.work()), 0);
  ASSERT_TRUE(job.kill_at_step(2, {"--resume"}));
  ASSERT_TRUE(job.kill_at_step(7, {"--resume"}));
  job.expect_resumes({"--resume", "--threads", "1", "--memory", "64MiB"});
  EXPECT_THAT(job.folder().listing(), testing::Not(testing::Contains("s.svs.work/")));
}

TEST(Cascade, ShowsAGlanceAndEndsWithAStage) {
  const Folder folder;
  const auto preview = folder / "glance.png", report = folder / "report.json";
  Outcome outcome = run(generate(
      folder / "medium.tif",
      cascade({"--stage", "medium", "--preview", preview.string(), "--report", report.string()})));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  // 1500 px of 0.25 microns are 38.4 px of 9.77 and 236.3 px of 1.59.
  EXPECT_EQ(png_width(preview), 39);
  EXPECT_EQ(read_page(folder / "medium.tif", 0).width, 237);
  EXPECT_EQ(json_in(report)["slide"]["mpp"], 1.5869140625);
  EXPECT_EQ(json_in(report)["coarser_stages"].size(), 1u);
  outcome = run(generate(folder / "fine.tif", cascade({"--dry-run"})));
  EXPECT_THAT(outcome.out, HasSubstr("of stage 'low'"));
  EXPECT_THAT(outcome.out, HasSubstr("of stage 'medium'"));
}

TEST(Cascade, AGlanceIsRefined) {
  const Folder folder;
  const auto glance = folder / "glance.png", low = folder / "low.tif", fine = folder / "fine.svs";
  ASSERT_EQ(run(generate(low, cascade({"--stage", "low", "--thumbnail", glance.string()}))).code,
            0);
  const auto refine = [&](const Arguments& more) {
    return run(plus({"refine", glance.string(), "-o", fine.string(), "--quiet", "--model",
                     HISTOLOOM_SMALL_CASCADE, "--steps", "2"},
                    more));
  };
  Outcome outcome = refine({});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.err,
            "histoloom: " + glance.string() +
                " doesn't state its microns a pixel; give --mpp, which for a thumbnail "
                "are the slide's times how much it was shrunk\n");
  EXPECT_FALSE(std::filesystem::exists(fine));
  const int width = png_width(glance);
  outcome = refine({"--mpp", "9.765625", "--dry-run"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, testing::Not(HasSubstr("of stage 'low'")));
  EXPECT_THAT(outcome.out, HasSubstr("of stage 'medium'"));
  outcome = refine({"--mpp", "9.765625"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(read_page(fine, 0).width, std::lround(width * 9.765625 / 0.25));
}

TEST(Cascade, RegionsAreInpaintedThroughAllStages) {
  const Folder folder;
  const auto slide = folder / "slide.svs";
  ASSERT_EQ(run(generate(slide, cascade({"--steps", "2"}))).code, 0);
  StoppedJob job({"--model", HISTOLOOM_SMALL_CASCADE, "--inpaint", slide.string(), "--region",
                  "500,400,300,256", "--steps", std::to_string(kSteps)});
  ASSERT_TRUE(job.kill_at([&] { return stage_steps(job.work(), 1) >= 3; }));
  ASSERT_TRUE(job.kill_at_step(3, {"--resume"}));
  job.expect_resumes();
}

}  // namespace
}  // namespace histoloom::test
