// What a job decides before it starts, and what decides its pixels.
#include "job_json.h"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "canvas.h"
#include "sampling_choice.h"
#include "support/scratch.h"

namespace histoloom {
namespace {

ModelBundle small_bundle() {
  ModelBundle b;
  b.name = "small";
  b.version = "1";
  b.latent.downsampling = 8;
  b.latent.channels = 4;
  b.patch = 32;
  b.batch = 8;
  b.mpp = 0.5;
  b.magnification = 20;
  b.schedule = {"cosine", 1000, {}};
  b.defaults.steps = 25;
  b.defaults.eta = 0.25;
  b.defaults.guidance = 1.5;
  b.defaults.plan = PlanKind::random;
  b.defaults.spacing = Spacing::log_snr;
  b.defaults.interval = {0.1, 0.9};
  return b;
}

GenerateArguments options() {
  GenerateArguments o;
  o.out = "s.svs";
  o.size = "333x2049";
  o.dtype = "float32";
  return o;
}

TEST(SamplingOfJob, TakesFromTheBundleWhatTheUserLeavesOut) {
  const Sampling plan = sampling_of_job(parse(options()), small_bundle());
  EXPECT_EQ(plan.steps, 25);
  EXPECT_EQ(plan.eta, 0.25);
  EXPECT_EQ(plan.guidance, 1.5);
  EXPECT_EQ(plan.plan, PlanKind::random);
  EXPECT_EQ(plan.spacing, Spacing::log_snr);
  EXPECT_EQ(plan.interval, (std::array<double, 2>{0.1, 0.9}));

  GenerateArguments o = options();
  o.steps = 7;
  o.eta = 0;
  o.guidance = 0;
  o.plan = "shifted";
  o.spacing = "time";
  o.guidance_interval = "0.25,0.5";
  const Sampling own = sampling_of_job(parse(o), small_bundle());
  EXPECT_EQ(own.steps, 7);
  EXPECT_EQ(own.eta, 0);
  EXPECT_EQ(own.guidance, 0);
  EXPECT_EQ(own.plan, PlanKind::shifted);
  EXPECT_EQ(own.spacing, Spacing::time);
  EXPECT_EQ(own.interval, (std::array<double, 2>{0.25, 0.5}));
}

TEST(CanvasAround, CoversTheSlideAndIsAtLeastAPatch) {
  EXPECT_EQ(canvas_around({42, 257}, 32).size, (LatentSize{50, 265}));
  EXPECT_EQ(canvas_around({8, 38}, 32).size, (LatentSize{32, 46}));
  EXPECT_EQ(canvas_around({8, 38}, 32).origin, (LatentPoint{4, 4}));
}

TEST(SamplingOfJob, TheLastThreeStepsTaperOrAllOfFewer) {
  GenerateArguments o = options();
  EXPECT_EQ(sampling_of_job(parse(o), small_bundle()).tapered_steps, 3);
  o.steps = 1;
  EXPECT_EQ(sampling_of_job(parse(o), small_bundle()).tapered_steps, 1);
}

TEST(SamplingOfJob, MoreStepsThanTheScheduleHasAreRefused) {
  GenerateArguments o = options();
  o.steps = 1001;
  EXPECT_EQ(message_of([&] { sampling_of_job(parse(o), small_bundle()); }),
            "--steps must be at most 1000, the model's schedule, got 1001");
}

std::string job_of(const GenerateArguments& o, const ModelBundle& b = small_bundle(),
                   const char* model = "aa", const char* labels = "bb", const char* prompt = "") {
  const GenerateSpec spec = parse(o);
  return text_of(job_json(spec, std::get<NewSlide>(spec.what).labels.size, sampling_of_job(spec, b),
                          b, model, {"layout tissue", prompt, labels}));
}

TEST(JobJson, ChangesWithEverythingThatDecidesThePixels) {
  const std::string job = job_of(options());
  const std::function<void(GenerateArguments&)> deciding[] = {
      [](auto& o) { o.size = "333x2048"; }, [](auto& o) { o.seed = 1; },
      [](auto& o) { o.steps = 26; },        [](auto& o) { o.eta = 0.5; },
      [](auto& o) { o.guidance = 2; },      [](auto& o) { o.guidance_interval = "0,0.9"; },
      [](auto& o) { o.plan = "shifted"; },  [](auto& o) { o.dtype = "bfloat16"; },
      [](auto& o) { o.tile = 512; },        [](auto& o) { o.spacing = "time"; }};
  for (const auto& change : deciding) {
    GenerateArguments o = options();
    change(o);
    EXPECT_NE(job_of(o), job);
  }
  EXPECT_NE(job_of(options(), small_bundle(), "ab"), job);
  EXPECT_NE(job_of(options(), small_bundle(), "aa", "bc"), job);
  EXPECT_NE(job_of(options(), small_bundle(), "aa", "bb", "squamous"), job);
  ModelBundle batch = small_bundle();
  batch.batch = 4;
  EXPECT_NE(job_of(options(), batch), job);
}

TEST(JobJson, DoesNotChangeWithThreadsMemoryAndPaths) {
  GenerateArguments o = options();
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
