// What painting will take, told before it is painted: what its report says afterwards.
#include <gtest/gtest.h>

#include "diffusion/test_paint.h"
#include "histoloom/diffusion/paint_forecast.h"

namespace histoloom {
namespace {

struct Told {
  PaintForecast forecast;
  DiffusionReport report;
  double crops = 0;  // of the report
};

Told tell(const CanvasLabelGrid& labels, const PaintOptions& options, bool per_label = false) {
  PaintJob job(paint_model(), labels);
  FakeDenoiser denoiser(3, mix, per_label);
  const Scene scene{labels, 0, kGlass, {1.5f, -2.0f, 0.25f}};
  Told out;
  out.forecast = forecast_painting(job.model, denoiser, scene, options, options.threads);
  job.paint(denoiser, options);
  out.report = job.report;
  for (const StepCoverage& step : job.report.steps) out.crops += static_cast<double>(step.crops);
  return out;
}

TEST(Forecast, IsWhatTheReportSaysAfterwards) {
  for (const PlanKind plan : {PlanKind::shifted, PlanKind::random}) {
    for (const bool per_label : {false, true}) {
      PaintOptions options = plain_options();
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

TEST(Forecast, OfVeryLargeBatchesTriesAPartOrNothing) {
  const CanvasLabelGrid labels = filled({64, 64}, 1);
  FakeDenoiser denoiser(3, mix);
  const Scene scene{labels, 0, kGlass, {1.5f, -2.0f, 0.25f}};
  DiffusionModel model = paint_model();
  model.batch = 1024;
  PaintOptions options = plain_options();
  options.guidance = 1;
  const double gflop = denoiser.gflop_per_evaluation(model.patch);
  const auto forecast = [&](double evaluations) {
    denoiser.calls = 0;
    denoiser.patches = 0;
    return forecast_painting(model, denoiser, scene, options, 1,
                             {.gflop_to_run = evaluations * gflop});
  };
  const PaintForecast part = forecast(12);
  ASSERT_GT(denoiser.calls.load(), 0);
  EXPECT_EQ(denoiser.patches.load(), 12 * denoiser.calls.load());
  EXPECT_FALSE(part.whole_batches);
  EXPECT_GT(part.seconds, 0);
  const PaintForecast nothing = forecast(1.5);
  EXPECT_EQ(denoiser.calls.load(), 0) << "a crop takes two";
  EXPECT_FALSE(nothing.whole_batches);
  EXPECT_EQ(nothing.seconds, 0);
  EXPECT_EQ(nothing.evaluations, part.evaluations);
}

TEST(Forecast, OfACanvasOfGlassIsNothing) {
  const Told told = tell(filled({19, 30}, kGlass), plain_options());
  EXPECT_EQ(told.forecast.evaluations, 0);
  EXPECT_EQ(told.forecast.seconds, 0);
}

TEST(Forecast, OfALargeCanvasCountsSomeOfItsCrops) {
  const CanvasLabelGrid labels = tissue_with_glass({1200, 900});
  FakeDenoiser denoiser(3, mix);
  const Scene scene{labels, 0, kGlass, {1.5f, -2.0f, 0.25f}};
  const PaintOptions options = plain_options();
  const PaintForecast all =
      forecast_painting(paint_model(), denoiser, scene, options, options.threads);
  const PaintForecast some = forecast_painting(paint_model(), denoiser, scene, options,
                                               options.threads, {.cells_to_count = 1'000'000});
  EXPECT_NE(some.evaluations, all.evaluations);
  EXPECT_NEAR(some.evaluations, all.evaluations, 0.03 * all.evaluations);
}

TEST(Forecast, OfALargeCanvasTakesTheRandomPlansCropsFromASmallerOne) {
  const CanvasLabelGrid labels = filled({1700, 1300}, 1);
  FakeDenoiser denoiser(3, mix);
  const Scene scene{labels, 0, kGlass, {1.5f, -2.0f, 0.25f}};
  PaintOptions options = plain_options();
  options.plan = PlanKind::random;
  options.tapered_steps = 0;
  const PaintForecast forecast =
      forecast_painting(paint_model(3, 32, 8), denoiser, scene, options, options.threads);
  double crops = 0;
  for (int step = 0; step < options.steps; ++step) {
    const auto plan = make_plan(options.plan, labels.size(), 32, options.seed, step);
    for (Crop crop; plan->next(crop);) ++crops;
  }
  EXPECT_NE(forecast.crops, crops);
  EXPECT_NEAR(forecast.crops, crops, 0.05 * crops);
}

TEST(Forecast, TakesLabelsToComeForTwoACrop) {
  const CanvasLabelGrid labels = filled({24, 24}, 0);
  FakeDenoiser denoiser(3, mix, /*per_label=*/true);
  const Scene scene{labels, 0, kGlass, {1.5f, -2.0f, 0.25f}};
  const PaintOptions options = plain_options();
  const PaintForecast now =
      forecast_painting(paint_model(), denoiser, scene, options, options.threads);
  const PaintForecast later = forecast_painting(paint_model(), denoiser, scene, options,
                                                options.threads, {.labels_to_come = true});
  EXPECT_EQ(now.evaluations, now.crops);
  EXPECT_EQ(later.evaluations, 2 * later.crops);
}

}  // namespace
}  // namespace histoloom
