// What a job will take, in words and in JSON.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "forecast_text.h"

namespace histoloom {
namespace {

TEST(DurationText, TakesTheUnitThatReadsBest) {
  EXPECT_EQ(duration_text(0.2), "0 s");
  EXPECT_EQ(duration_text(89), "89 s");
  EXPECT_EQ(duration_text(90), "2 min");
  EXPECT_EQ(duration_text(5399), "90 min");
  EXPECT_EQ(duration_text(3.5 * 3600), "3.5 h");
  EXPECT_EQ(duration_text(4.1 * 86400), "4.1 days");
}

TEST(ForecastText, NamesEveryNetworkThatRuns) {
  Sampling options;
  options.steps = 10;
  options.guidance = 1;
  JobForecast forecast;
  forecast.image = {{.crops = 60, .evaluations = 120, .batches = 15, .seconds = 200}, 1.234};
  forecast.decode = {.windows = 40, .batches = 10, .seconds = 40};
  EXPECT_EQ(evaluations_text(forecast, options),
            "about 120 of the denoiser (10 steps, guidance 1), 1.23 GFLOP each");
  EXPECT_EQ(time_text(forecast, 1),
            "about 4 min in the networks on 1 thread (latents 3 min, decoding 40 s), from the time "
            "of a few batches");
  forecast.mask = CanvasForecast{{.crops = 3, .evaluations = 6, .batches = 1, .seconds = 2}, 0.5};
  EXPECT_EQ(
      evaluations_text(forecast, options),
      "about 120 of the denoiser (10 steps, guidance 1), 1.23 GFLOP each; about 6 of the mask "
      "denoiser, 0.50 GFLOP each");
  EXPECT_EQ(time_text(forecast, 2),
            "about 4 min in the networks on 2 threads (labels 2 s, latents 3 min, decoding 40 s), "
            "from the time of a few batches");
}

TEST(ForecastText, SaysWhatWasTooLargeToTry) {
  JobForecast forecast;
  forecast.image = {{.crops = 60, .evaluations = 120, .batches = 15, .whole_batches = false}, 9999};
  forecast.decode = {.windows = 40, .batches = 10, .seconds = 40};
  EXPECT_EQ(
      time_text(forecast, 1),
      "about 40 s in the networks on 1 thread (latents unknown, decoding 40 s), from the time "
      "of a few smaller batches: whole ones take too long to try");
}

TEST(ForecastJson, HasTheDocumentedKeysInTheirOrder) {
  Sampling sampling;
  sampling.steps = 10;
  sampling.guidance = 1;
  JobForecast forecast;
  forecast.image = {{.crops = 60, .evaluations = 120.4, .batches = 15, .seconds = 200.5}, 1.25};
  forecast.decode = {.windows = 40, .batches = 10, .seconds = 40};
  const MachineSpec machine{.threads = 2, .dtype = DType::bfloat16, .memory = {}};
  EXPECT_EQ(forecast_json(forecast, sampling, machine).dump(),
            R"({"steps":10,"guidance":1.0,)"
            R"("denoiser":{"evaluations":120,"batches":15,"seconds":200.5,)"
            R"("gflop_per_evaluation":1.25},"mask_denoiser":null,)"
            R"("autoencoder":{"decodes":40,"batches":10,"seconds":40.0},)"
            R"("seconds":240.5,"threads":2,"dtype":"bfloat16"})");
  forecast.mask = CanvasForecast{{.crops = 3, .evaluations = 6, .batches = 1, .seconds = 2}, 0.5};
  const auto painted = forecast_json(forecast, sampling, machine);
  EXPECT_EQ(painted["mask_denoiser"].dump(),
            R"({"evaluations":6,"batches":1,"seconds":2.0,"gflop_per_evaluation":0.5})");
  EXPECT_EQ(painted["seconds"], 242.5);
}

}  // namespace
}  // namespace histoloom
