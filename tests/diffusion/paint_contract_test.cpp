// What a painted canvas may not depend on, and what is left of one that was stopped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "diffusion/test_paint.h"

namespace histoloom {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

using Way = std::tuple<PlanKind, SolverKind>;

PaintOptions options_for(const Way& way) {
  PaintOptions o;
  o.steps = 5;
  o.eta = 0.7;
  o.guidance = 1.5;
  std::tie(o.plan, o.solver) = way;
  o.tapered_steps = 2;
  o.seed = 41;
  return o;
}

class Painting : public testing::TestWithParam<Way> {
 protected:
  // An awkward canvas of 8 × 8 patches, with the given number of threads and patches a batch.
  std::vector<float> paint(int threads, int batch, bool per_label = false) {
    const CanvasLabelGrid labels = tissue_with_glass({37, 45});
    PaintJob job(paint_model(3, 8, batch), labels);
    FakeDenoiser denoiser(3, mix, per_label);
    PaintOptions options = options_for(GetParam());
    options.threads = threads;
    return job.paint(denoiser, options);
  }
};

TEST_P(Painting, GivesTheSameLatentsForAnyNumberOfThreads) {
  const std::vector<float> expected = paint(1, 3);
  for (const int threads : {2, 3, 8})
    EXPECT_TRUE(same_bits(paint(threads, 3), expected)) << threads;
}

TEST_P(Painting, GivesTheSameLatentsForAnyCache) {
  // Chunks of 208 cells a side, two of each array.
  const CanvasLabelGrid labels = tissue_with_glass({240, 40});
  constexpr std::uint64_t kPlenty = 64 << 20, kChunk = 3 * 208 * 208 * 4;
  std::vector<float> expected;
  for (const std::uint64_t cache : {kPlenty, kChunk, std::uint64_t{0}}) {
    PaintJob job(paint_model(3, 32, 3), labels, cache);
    FakeDenoiser denoiser(3, mix);
    PaintOptions options = options_for(GetParam());
    options.threads = 3;
    options.steps = 3;
    const std::vector<float> values = job.paint(denoiser, options);
    if (cache == kPlenty) expected = values;
    EXPECT_TRUE(same_bits(values, expected)) << cache;
    EXPECT_EQ(job.traffic().bytes_read == 0, cache == kPlenty) << "small caches evict chunks";
  }
}

TEST_P(Painting, GivesTheSameLatentsForAnyBatch) {
  const std::vector<float> expected = paint(2, 1);
  for (const int batch : {3, 8, 100}) EXPECT_TRUE(same_bits(paint(2, batch), expected)) << batch;
}

TEST_P(Painting, OneEvaluationALabelIsAsIndependent) {
  const std::vector<float> expected = paint(1, 1, true);
  EXPECT_TRUE(same_bits(paint(3, 4, true), expected));
  EXPECT_TRUE(same_bits(paint(8, 5, true), expected));
}

TEST_P(Painting, AnotherSeedGivesOtherLatents) {
  const CanvasLabelGrid labels = filled({20, 17}, 1);
  FakeDenoiser denoiser(3, mix);
  PaintOptions options = options_for(GetParam());
  PaintJob first(paint_model(), labels), second(paint_model(), labels);
  const std::vector<float> a = first.paint(denoiser, options);
  options.seed += std::uint64_t{1} << 32;
  EXPECT_FALSE(same_bits(second.paint(denoiser, options), a));
}

TEST_P(Painting, GlassIsNeverWrittenAndTissueAlways) {
  const CanvasLabelGrid labels = tissue_with_glass({37, 45});
  PaintJob job(paint_model(), labels);
  FakeDenoiser denoiser(3, mix);
  job.paint(denoiser, options_for(GetParam()));
  for (int buffer = 0; buffer < 2; ++buffer) {
    const std::vector<float> values = job.values(buffer);
    const auto cells = labels.cells().size();
    for (std::size_t i = 0; i < values.size(); ++i)
      EXPECT_EQ(std::isnan(values[i]), labels.cells()[i % cells] == kGlass) << i;
  }
}

TEST_P(Painting, ResumedFromAnyCommittedStepItEndsTheSame) {
  const CanvasLabelGrid labels = tissue_with_glass({37, 45});
  FakeDenoiser denoiser(3, mix);
  PaintJob whole(paint_model(), labels);
  const std::vector<float> expected = whole.paint(denoiser, options_for(GetParam()));
  for (int stop_after = 1; stop_after < 5; ++stop_after) {
    PaintJob job(paint_model(), labels);
    PaintOptions options = options_for(GetParam());
    options.threads = 2;
    PaintedPart committed;
    options.committed = [&](PaintedPart part, const DiffusionReport&) {
      committed = part;
      if (part.steps == stop_after) job.progress.stop = true;
    };
    EXPECT_EQ(
        message_of<Interrupted>([&] { job.paint(denoiser, options); }),
        "stopped while painting latents, in step " + std::to_string(stop_after + 1) + " of 5");
    EXPECT_EQ(committed, (PaintedPart{stop_after, 0}));
    EXPECT_FALSE(job.progress.finished);

    job.progress.stop = false;
    job.reopen();
    options.done = committed;
    options.committed = [](PaintedPart, const DiffusionReport&) {};
    EXPECT_TRUE(same_bits(job.paint(denoiser, options), expected)) << stop_after;
  }
}

TEST_P(Painting, ResumedFromAPartOfAStepItEndsTheSame) {
  const CanvasLabelGrid labels = tissue_with_glass({37, 45});
  FakeDenoiser denoiser(3, mix);
  PaintJob whole(paint_model(), labels);
  PaintOptions options = options_for(GetParam());
  options.steps = 3;
  const std::vector<float> expected = whole.paint(denoiser, options);
  // The last of these is in a tapered step, whichever the plan.
  for (const int stop_after : {1, 12, 40, 95}) {
    PaintJob job(paint_model(), labels);
    options.threads = 2;
    options.done = {};
    options.commit_seconds = 0;  // after every group of crops
    int commits = 0;
    PaintedPart last;
    options.committed = [&](PaintedPart part, const DiffusionReport&) {
      last = part;
      if (++commits == stop_after) throw std::runtime_error("killed");
    };
    EXPECT_EQ(message_of<std::runtime_error>([&] { job.paint(denoiser, options); }), "killed");
    EXPECT_GT(last.crops, 0) << stop_after;

    job.reopen();
    job.report = {};
    options.done = last;
    options.commit_seconds = 1e9;
    options.committed = [](PaintedPart, const DiffusionReport&) {};
    EXPECT_TRUE(same_bits(job.paint(denoiser, options), expected)) << stop_after;
    EXPECT_EQ(job.progress.done, job.progress.total) << stop_after;
    // The report of a step that was taken up counts all its crops.
    const auto before = static_cast<std::size_t>(last.steps);
    ASSERT_EQ(job.report.steps.size(), whole.report.steps.size() - before);
    std::int64_t crops = 0;
    for (std::size_t i = before; i < whole.report.steps.size(); ++i) {
      EXPECT_EQ(job.report.steps[i - before].crops, whole.report.steps[i].crops) << stop_after;
      crops += whole.report.steps[i].crops;
    }
    // But the network, twice for a guided crop, ran for the rest, and the rows that a strip shares.
    if (last.steps == 0) {
      EXPECT_EQ(job.report.evaluations, 2 * (crops - stop_after)) << stop_after;
    }
    EXPECT_LE(job.report.evaluations, 2 * crops) << stop_after;
  }
}

TEST_P(Painting, WhatNoRunCanHavePaintedIsNotPassedOver) {
  const CanvasLabelGrid labels = filled({37, 45}, 1);
  FakeDenoiser denoiser(3, mix);
  PaintJob job(paint_model(), labels);
  PaintOptions options = options_for(GetParam());
  job.paint(denoiser, options);
  const auto message_after = [&](PaintedPart done) {
    options.done = done;
    return message_of([&] { job.paint(denoiser, options); });
  };
  const std::string cure = "; start over with --force and without --resume";
  for (const int step : {0, 4}) {  // the last is tapered
    const std::int64_t crops = job.report.steps[static_cast<std::size_t>(step)].crops;
    const std::string has =
        " crops of a step are said to be painted, it has " + std::to_string(crops) + cure;
    EXPECT_EQ(message_after({step, crops + 1}), std::to_string(crops + 1) + has);
    EXPECT_EQ(message_after({step, 1'000'000'000'000'000}), "1000000000000000" + has);
    EXPECT_EQ(message_after({step, crops}), "") << "all of them may be";
  }
  EXPECT_EQ(message_after({5, 0}), "");
  EXPECT_EQ(message_after({6, 0}), "6 steps are said to be painted, of 5" + cure);
}

TEST_P(Painting, AStepThatWasKilledHalfWayIsRepeated) {
  const CanvasLabelGrid labels = tissue_with_glass({37, 45});
  FakeDenoiser calm(3, mix);
  PaintJob whole(paint_model(), labels);
  const std::vector<float> expected = whole.paint(calm, options_for(GetParam()));

  // A denoiser that fails in the middle of the third step.
  PaintJob job(paint_model(), labels);
  std::atomic<int> seen = 0;
  FakeDenoiser failing(3, [&](const FakeDenoiser::Patch& p, float* out) {
    mix(p, out);
    if (p.time < 500 && ++seen == 30) throw std::runtime_error("out of luck");
  });
  PaintOptions options = options_for(GetParam());
  PaintedPart committed;
  options.committed = [&](PaintedPart part, const DiffusionReport&) { committed = part; };
  EXPECT_EQ(message_of<std::runtime_error>([&] { job.paint(failing, options); }), "out of luck");
  EXPECT_GT(committed.steps, 0);
  EXPECT_LT(committed.steps, 5);
  job.reopen();
  options.done = committed;
  EXPECT_TRUE(same_bits(job.paint(calm, options), expected));
}

TEST_P(Painting, TheProgressCountsTissueCellsOfAllSteps) {
  const CanvasLabelGrid labels = tissue_with_glass({37, 45});
  PaintJob job(paint_model(), labels);
  FakeDenoiser denoiser(3, mix);
  job.paint(denoiser, options_for(GetParam()));
  const auto tissue = std::count_if(labels.cells().begin(), labels.cells().end(),
                                    [](LabelId id) { return id != kGlass; });
  EXPECT_EQ(job.progress.total, tissue * 5);
  EXPECT_EQ(job.progress.done, tissue * 5);
  EXPECT_TRUE(job.progress.finished);
}

std::string name_of_way(const testing::TestParamInfo<Way>& test) {
  const auto& [plan, solver] = test.param;
  return std::string(plan == PlanKind::shifted ? "shifted" : "random") +
         (solver == SolverKind::ddim ? "_ddim" : "_dpmpp");
}

INSTANTIATE_TEST_SUITE_P(Ways, Painting,
                         testing::Combine(testing::Values(PlanKind::shifted, PlanKind::random),
                                          testing::Values(SolverKind::ddim, SolverKind::dpmpp)),
                         name_of_way);

// ---- Values that are not finite

// One patch of tissue; the value is broken at the time of one step.
std::string message_of_broken_step(int broken, float value, int tapered_steps) {
  const CanvasLabelGrid labels = filled({8, 8}, 1);
  PaintJob job(paint_model(), labels);
  PaintOptions options = options_for({PlanKind::shifted, SolverKind::ddim});
  options.steps = 4;
  options.tapered_steps = tapered_steps;
  const int time = NoiseSchedule::cosine(1000).times(4)[static_cast<std::size_t>(broken)];
  FakeDenoiser denoiser(3, [&](const FakeDenoiser::Patch& p, float* out) {
    mix(p, out);
    if (p.time == static_cast<float>(time)) out[2 * 64 + 5 * 8 + 3] = value;
  });
  return message_of([&] { job.paint(denoiser, options); });
}

TEST(PaintingNotFinite, IsAnErrorThatNamesCellStepAndSeed) {
  EXPECT_EQ(message_of_broken_step(1, std::nanf(""), 0),
            "painting latents: the denoiser gave a value that is not finite at cell 3,5 in "
            "step 2 of 4, seed 41; try --dtype float32");
  EXPECT_THAT(
      message_of_broken_step(3, std::nanf(""), 2),
      testing::AllOf(StartsWith("painting latents: the denoiser gave a value that is not finite"),
                     HasSubstr("in step 4 of 4, seed 41")));
  EXPECT_THAT(message_of_broken_step(0, -INFINITY, 0), HasSubstr("in step 1 of 4, seed 41"));
  EXPECT_EQ(message_of_broken_step(1, 1e30f, 0), "");
}

TEST(PaintingNotFinite, CommitsNothingOfItsStep) {
  const CanvasLabelGrid labels = filled({20, 20}, 1);
  PaintJob job(paint_model(), labels);
  FakeDenoiser denoiser(3, [](const FakeDenoiser::Patch& p, float* out) {
    mix(p, out);
    if (p.time < 500) out[0] = std::nanf("");
  });
  PaintOptions options = options_for({PlanKind::shifted, SolverKind::ddim});
  PaintedPart committed;
  options.committed = [&](PaintedPart part, const DiffusionReport&) { committed = part; };
  EXPECT_NE(message_of([&] { job.paint(denoiser, options); }), "");
  EXPECT_GT(committed.steps, 0);
  EXPECT_LT(committed.steps, 5);
}

TEST(PaintingClip, BoundsX0BeforeTheSolverSeesIt) {
  const CanvasLabelGrid labels = filled({8, 8}, 1);
  DiffusionModel model = paint_model();
  model.clip = 2.5;
  PaintJob job(model, labels);
  FakeDenoiser denoiser(3, [](const FakeDenoiser::Patch& p, float* out) {
    for (std::size_t i = 0; i < p.size(); ++i) out[i] = i % 2 == 0 ? 1e6f : -1e6f;
  });
  const std::vector<float> values =
      job.paint(denoiser, options_for({PlanKind::shifted, SolverKind::ddim}));
  // The last transition gives x0 itself.
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(values[i], i % 2 == 0 ? 2.5f : -2.5f);
}

}  // namespace
}  // namespace histoloom
