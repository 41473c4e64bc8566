// What a job decides before it starts, and what decides its pixels.
#include "plan.h"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "support/scratch.h"

namespace histoloom {
namespace {

ModelBundle bundle() {
  ModelBundle b;
  b.name = "small";
  b.version = "1";
  b.downsampling = 8;
  b.latent_channels = 4;
  b.patch = 32;
  b.batch = 8;
  b.mpp = 0.5;
  b.magnification = 20;
  b.schedule = {"cosine", 1000, {}};
  b.defaults.steps = 25;
  b.defaults.eta = 0.25;
  b.defaults.guidance = 1.5;
  b.defaults.plan = "random";
  b.defaults.spacing = "log_snr";
  b.defaults.guidance_interval[0] = 0.1;
  b.defaults.guidance_interval[1] = 0.9;
  return b;
}

GenerateOptions options() {
  GenerateOptions o;
  o.out = "s.svs";
  o.size = {333, 2049};
  o.dtype = "float32";
  return o;
}

TEST(JobPlan, TakesFromTheBundleWhatTheUserLeavesOut) {
  const JobPlan plan = make_plan_of_job(options(), bundle());
  EXPECT_EQ(plan.diffusion.steps, 25);
  EXPECT_EQ(plan.diffusion.eta, 0.25);
  EXPECT_EQ(plan.diffusion.guidance, 1.5);
  EXPECT_EQ(plan.diffusion.plan, PlanKind::random);
  EXPECT_EQ(plan.diffusion.spacing, Spacing::log_snr);
  EXPECT_EQ(plan.diffusion.interval, (std::array<double, 2>{0.1, 0.9}));

  GenerateOptions o = options();
  o.steps = 7;
  o.eta = 0;
  o.guidance = 0;
  o.plan = "shifted";
  o.spacing = "time";
  o.guidance_interval = "0.25,0.5";
  const JobPlan own = make_plan_of_job(o, bundle());
  EXPECT_EQ(own.diffusion.steps, 7);
  EXPECT_EQ(own.diffusion.eta, 0);
  EXPECT_EQ(own.diffusion.guidance, 0);
  EXPECT_EQ(own.diffusion.plan, PlanKind::shifted);
  EXPECT_EQ(own.diffusion.spacing, Spacing::time);
  EXPECT_EQ(own.diffusion.interval, (std::array<double, 2>{0.25, 0.5}));
}

TEST(JobPlan, TheCanvasCoversTheSlideAndIsAtLeastAPatch) {
  const JobPlan plan = make_plan_of_job(options(), bundle());
  EXPECT_EQ(plan.slide_cells, (LatentSize{42, 257}));
  EXPECT_EQ(plan.canvas, (LatentSize{50, 265}));
  GenerateOptions o = options();
  o.size = {64, 300};
  const JobPlan small = make_plan_of_job(o, bundle());
  EXPECT_EQ(small.slide_cells, (LatentSize{8, 38}));
  EXPECT_EQ(small.canvas, (LatentSize{32, 46}));
}

TEST(JobPlan, TheLastThreeStepsTaperOrAllOfFewer) {
  GenerateOptions o = options();
  EXPECT_EQ(make_plan_of_job(o, bundle()).diffusion.tapered_steps, 3);
  o.steps = 1;
  EXPECT_EQ(make_plan_of_job(o, bundle()).diffusion.tapered_steps, 1);
}

TEST(JobPlan, MoreStepsThanTheScheduleHasAreRefused) {
  GenerateOptions o = options();
  o.steps = 1001;
  EXPECT_EQ(message_of([&] { make_plan_of_job(o, bundle()); }),
            "--steps must be at most 1000, the model's schedule, got 1001");
}

std::string job_of(const GenerateOptions& o, const ModelBundle& b = bundle(),
                   const char* model = "aa", const char* labels = "bb", const char* prompt = "") {
  return text_of(job_json(o, make_plan_of_job(o, b), b, model, labels, prompt));
}

TEST(JobJson, ChangesWithEverythingThatDecidesThePixels) {
  const std::string job = job_of(options());
  const std::function<void(GenerateOptions&)> deciding[] = {
      [](auto& o) { o.size.height = 2048; }, [](auto& o) { o.seed = 1; },
      [](auto& o) { o.steps = 26; },         [](auto& o) { o.eta = 0.5; },
      [](auto& o) { o.guidance = 2; },       [](auto& o) { o.guidance_interval = "0,0.9"; },
      [](auto& o) { o.plan = "shifted"; },   [](auto& o) { o.dtype = "bfloat16"; },
      [](auto& o) { o.tile = 512; },         [](auto& o) { o.spacing = "time"; }};
  for (const auto& change : deciding) {
    GenerateOptions o = options();
    change(o);
    EXPECT_NE(job_of(o), job);
  }
  EXPECT_NE(job_of(options(), bundle(), "ab"), job);
  EXPECT_NE(job_of(options(), bundle(), "aa", "bc"), job);
  EXPECT_NE(job_of(options(), bundle(), "aa", "bb", "squamous"), job);
  ModelBundle batch = bundle();
  batch.batch = 4;
  EXPECT_NE(job_of(options(), batch), job);
}

TEST(JobJson, DoesNotChangeWithThreadsMemoryAndPaths) {
  GenerateOptions o = options();
  o.threads = 7;
  o.memory = "3GiB";
  o.out = "elsewhere/t.svs";
  o.work = "w";
  o.model = "m";
  o.force = true;
  o.report = "r.json";
  EXPECT_EQ(job_of(o), job_of(options()));
}

}  // namespace
}  // namespace histoloom
