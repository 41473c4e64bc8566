// What painting costs: evaluations, crops, chunks that are read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "diffusion/test_paint.h"

namespace histoloom {
namespace {

using testing::Each;

struct Cost {
  DiffusionReport report;
  int calls = 0;
  std::int64_t patches = 0;
};

Cost cost_of(const CanvasLabelGrid& labels, const PaintOptions& options, int batch = 3) {
  PaintJob job(paint_model(3, 8, batch), labels);
  FakeDenoiser denoiser(3, mix);
  job.paint(denoiser, options);
  return {job.report, denoiser.calls, denoiser.patches};
}

std::int64_t crops_of(const DiffusionReport& report) {
  std::int64_t crops = 0;
  for (const StepCoverage& step : report.steps) crops += step.crops;
  return crops;
}

TEST(DiffusionCost, EveryCropCostsOneEvaluationWithoutGuidanceAndTwoWith) {
  const CanvasLabelGrid labels = tissue_with_glass({37, 45});
  PaintOptions options = plain_options();
  const Cost without = cost_of(labels, options);
  EXPECT_EQ(without.report.evaluations, crops_of(without.report));
  options.guidance = 3;
  const Cost with = cost_of(labels, options);
  EXPECT_EQ(with.report.evaluations, 2 * crops_of(with.report));
  EXPECT_EQ(crops_of(with.report), crops_of(without.report));
}

TEST(DiffusionCost, GuidanceRunsInItsIntervalOnly) {
  const CanvasLabelGrid labels = filled({24, 24}, 1);
  PaintOptions options = plain_options();  // shares 1, 0.833, 0.666, 0.5, 0.333, 0.166
  options.guidance = 1;
  options.interval = {0.4, 0.7};
  const Cost cost = cost_of(labels, options);
  std::int64_t expected = 0;
  for (std::size_t k = 0; k < 6; ++k)
    expected += cost.report.steps[k].crops * (k == 2 || k == 3 ? 2 : 1);
  EXPECT_EQ(cost.report.evaluations, expected);
}

TEST(DiffusionCost, TheReportCountsWhatTheDenoiserSaw) {
  for (const int batch : {1, 3, 7, 64}) {
    PaintOptions options = plain_options();
    options.guidance = 1;
    const Cost cost = cost_of(tissue_with_glass({37, 45}), options, batch);
    EXPECT_EQ(cost.report.batches, cost.calls);
    EXPECT_EQ(cost.report.batches * batch, cost.patches);
    EXPECT_EQ(cost.report.evaluations + cost.report.padded_evaluations, cost.patches);
    EXPECT_GT(cost.report.denoiser_seconds, 0);
    EXPECT_EQ(cost.report.gflop_per_evaluation, 8);
  }
}

TEST(DiffusionCost, CoverageNamesCropsMinimumAndTaper) {
  const Cost cost = cost_of(filled({40, 24}, 1), plain_options());
  ASSERT_EQ(cost.report.steps.size(), 6u);
  for (std::size_t k = 0; k < 6; ++k) {
    const StepCoverage& step = cost.report.steps[k];
    EXPECT_EQ(step.minimum, 15);
    EXPECT_EQ(step.tapered, k >= 4);
    // Tapered: 8 cells that overlap by 2, 1 + 32/6 by 1 + 16/6, rounded up.
    if (step.tapered) {
      EXPECT_EQ(step.crops, 7 * 4);
    } else {
      EXPECT_THAT(step.crops, testing::AnyOf(15, 5 * 4, 6 * 3, 6 * 4));
    }
  }
}

TEST(DiffusionCost, CropsThatOwnOnlyGlassAreNotEvaluated) {
  // Tissue in one corner of 6 × 30 patches, and a stripe below a void that is bands high.
  CanvasLabelGrid labels(LatentSize{48, 240}, kGlass);
  for (std::int64_t y = 0; y < 5; ++y)
    for (std::int64_t x = 0; x < 5; ++x) labels.at({x, y}) = 1;
  for (std::int64_t x = 20; x < 30; ++x) labels.at({x, 201}) = 1;
  for (const PlanKind plan : {PlanKind::shifted, PlanKind::random}) {
    PaintOptions options = plain_options();
    options.plan = plan;
    const Cost cost = cost_of(labels, options);
    for (const StepCoverage& step : cost.report.steps) {
      EXPECT_EQ(step.minimum, 3);
      EXPECT_GE(step.crops, 3);
      EXPECT_LE(step.crops, 10);
    }
  }
}

TEST(DiffusionCost, ACanvasOfGlassCostsNothing) {
  const CanvasLabelGrid labels = filled({19, 30}, kGlass);
  PaintJob glass(paint_model(), labels);
  FakeDenoiser denoiser(3, mix);
  EXPECT_THAT(glass.paint(denoiser, plain_options()), Each(testing::IsNan()));
  EXPECT_EQ(denoiser.calls, 0);
  EXPECT_EQ(glass.report.evaluations, 0);
}

TEST(DiffusionCost, ASmallCacheReadsChunksOnceAStripNotOnceARow) {
  // Chunks are 208 cells a side: three columns of four arrays, of which six chunks stay in memory.
  const CanvasLabelGrid labels = filled({480, 96}, 1);
  PaintJob job(paint_model(3, 32, 8), labels, 3 << 20);
  PaintOptions options = plain_options();
  options.solver = SolverKind::dpmpp;
  options.steps = options.tapered_steps = 3;
  FakeDenoiser denoiser(3, say_label);
  job.paint(denoiser, options);
  // Patches begin in four rows. After each, 3 chunks of each of the 4 arrays are written; for them
  // 3 chunks of the source are read, and again where two rows of patches are at work.
  constexpr std::uint64_t kChunk = 3 * 208 * 208 * 4;
  EXPECT_LE(job.traffic().bytes_read, 3 * 4 * (3 * 4 + 2 * 3) * kChunk);
}

TEST(DiffusionSteps, OneStepAndOnlyTaperedOnesWork) {
  const CanvasLabelGrid labels = filled({21, 17}, 1);
  for (const int steps : {1, 2, 3}) {
    PaintJob job(paint_model(), labels);
    PaintOptions options = plain_options();
    options.steps = options.tapered_steps = steps;
    FakeDenoiser denoiser(3, say_label);
    EXPECT_THAT(job.paint(denoiser, options), Each(testing::FloatNear(1, 1e-6f)));
  }
}

}  // namespace
}  // namespace histoloom
