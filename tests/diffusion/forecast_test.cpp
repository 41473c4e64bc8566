// What painting will take, told before it is painted: what its report says afterwards.
#include "histoloom/diffusion/forecast.h"

#include <gtest/gtest.h>

#include "test_paint.h"

namespace histoloom {
namespace {

struct Told {
  PaintForecast forecast;
  DiffusionReport report;
  double crops = 0;  // of the report
};

Told tell(const LabelGrid& labels, const DiffusionOptions& options, bool per_label = false) {
  PaintJob job(paint_bundle(), labels);
  FakeDenoiser denoiser(3, mix, per_label);
  const Scene scene{labels, 0, kGlass, {1.5f, -2.0f, 0.25f}};
  Told out;
  out.forecast = forecast_painting(job.bundle, denoiser, scene, options);
  job.paint(denoiser, options);
  out.report = job.report;
  for (const StepCoverage& step : job.report.steps) out.crops += static_cast<double>(step.crops);
  return out;
}

TEST(Forecast, IsWhatTheReportSaysAfterwards) {
  for (const PlanKind plan : {PlanKind::shifted, PlanKind::random}) {
    for (const bool per_label : {false, true}) {
      DiffusionOptions options = plain_options();
      options.plan = plan;
      options.guidance = 1;
      options.interval = {0.4, 0.7};
      const Told told = tell(tissue_with_glass({37, 45}), options, per_label);
      EXPECT_EQ(told.forecast.crops, told.crops);
      EXPECT_EQ(told.forecast.evaluations, static_cast<double>(told.report.evaluations));
      EXPECT_NEAR(told.forecast.batches, static_cast<double>(told.report.batches),
                  per_label ? 0.2 * static_cast<double>(told.report.batches) : 0);
      EXPECT_GT(told.forecast.seconds, 0);
    }
  }
}

TEST(Forecast, OfACanvasOfGlassIsNothing) {
  const Told told = tell(filled({19, 30}, kGlass), plain_options());
  EXPECT_EQ(told.forecast.evaluations, 0);
  EXPECT_EQ(told.forecast.seconds, 0);
}

TEST(Forecast, OfALargeCanvasCountsSomeOfItsCrops) {
  const LabelGrid labels = tissue_with_glass({1200, 900});
  FakeDenoiser denoiser(3, mix);
  const Scene scene{labels, 0, kGlass, {1.5f, -2.0f, 0.25f}};
  const DiffusionOptions options = plain_options();
  const PaintForecast all = forecast_painting(paint_bundle(), denoiser, scene, options);
  const PaintForecast some =
      forecast_painting(paint_bundle(), denoiser, scene, options, {.cells_to_count = 1'000'000});
  EXPECT_NE(some.evaluations, all.evaluations);
  EXPECT_NEAR(some.evaluations, all.evaluations, 0.03 * all.evaluations);
}

TEST(Forecast, OfALargeCanvasTakesTheRandomPlansCropsFromASmallerOne) {
  const LabelGrid labels = filled({1700, 1300}, 1);
  FakeDenoiser denoiser(3, mix);
  const Scene scene{labels, 0, kGlass, {1.5f, -2.0f, 0.25f}};
  DiffusionOptions options = plain_options();
  options.plan = PlanKind::random;
  options.tapered_steps = 0;
  const PaintForecast forecast =
      forecast_painting(paint_bundle(3, 32, 8), denoiser, scene, options);
  double crops = 0;
  for (int step = 0; step < options.steps; ++step) {
    const auto plan = make_plan(options.plan, labels.size(), 32, options.seed, step);
    for (Crop crop; plan->next(crop);) ++crops;
  }
  EXPECT_NE(forecast.crops, crops);
  EXPECT_NEAR(forecast.crops, crops, 0.05 * crops);
}

TEST(Forecast, TakesLabelsToComeForTwoACrop) {
  const LabelGrid labels = filled({24, 24}, 0);
  FakeDenoiser denoiser(3, mix, /*per_label=*/true);
  const Scene scene{labels, 0, kGlass, {1.5f, -2.0f, 0.25f}};
  const DiffusionOptions options = plain_options();
  const PaintForecast now = forecast_painting(paint_bundle(), denoiser, scene, options);
  const PaintForecast later =
      forecast_painting(paint_bundle(), denoiser, scene, options, {.labels_to_come = true});
  EXPECT_EQ(now.evaluations, now.crops);
  EXPECT_EQ(later.evaluations, 2 * later.crops);
}

}  // namespace
}  // namespace histoloom
