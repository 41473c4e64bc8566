// Schedules and solver steps against numbers of other programs.
#include "histoloom/diffusion/schedule.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>

#include "histoloom/model/safetensors.h"
#include "solver.h"
#include "support/scratch.h"

namespace histoloom {
namespace {

// Made by DiffInfinite's published code; float32.
SafetensorsFile parity() {
  return SafetensorsFile(std::filesystem::path(HISTOLOOM_TESTDATA) / "parity/schedule.safetensors");
}

TEST(NoiseSchedule, EqualsThePublishedOneToTheLastBitOfFloat32) {
  const SafetensorsFile file = parity();
  for (const auto& [name, schedule] : {std::pair{"cosine", NoiseSchedule::cosine(1000)},
                                       std::pair{"linear", NoiseSchedule::linear(1000)}}) {
    const at::Tensor expected = file.tensor(std::string(name) + "_alphas_cumprod");
    ASSERT_EQ(expected.numel(), schedule.steps());
    const float* values = expected.data_ptr<float>();
    for (std::size_t i = 0; i < 1000; ++i)
      EXPECT_FLOAT_EQ(static_cast<float>(schedule.alphas_cumprod()[i]), values[i]) << name << i;
  }
}

TEST(NoiseSchedule, TimesAreThePublishedPairs) {
  const SafetensorsFile file = parity();
  const NoiseSchedule schedule = NoiseSchedule::cosine(1000);
  for (const int count : {10, 50, 250}) {
    const std::vector<int> times = schedule.times(count);
    const at::Tensor pairs = file.tensor("time_pairs_" + std::to_string(count));
    ASSERT_EQ(times.size(), static_cast<std::size_t>(count) + 1);
    for (int i = 0; i < count; ++i) {
      EXPECT_EQ(times[static_cast<std::size_t>(i)], pairs[i][0].item<std::int64_t>());
      EXPECT_EQ(times[static_cast<std::size_t>(i) + 1], pairs[i][1].item<std::int64_t>());
    }
  }
}

TEST(NoiseSchedule, TimesRunFromTheLastStepToCleanForEveryCount) {
  const NoiseSchedule schedule = NoiseSchedule::linear(97);
  for (int count = 1; count <= 97; ++count) {
    const std::vector<int> times = schedule.times(count);
    ASSERT_EQ(times.size(), static_cast<std::size_t>(count) + 1);
    EXPECT_EQ(times.front(), 96);
    EXPECT_EQ(times.back(), -1);
    for (std::size_t i = 0; i + 1 < times.size(); ++i) EXPECT_GT(times[i], times[i + 1]);
  }
  EXPECT_THROW(schedule.times(0), InternalError);
  EXPECT_THROW(schedule.times(98), InternalError);
}

TEST(NoiseSchedule, SignalFallsWithTimeAndItsPowerWithThatOfTheNoiseIsOne) {
  for (const ScheduleSpec& spec :
       {ScheduleSpec{"cosine", 1000, {}}, ScheduleSpec{"linear", 1000, {}},
        ScheduleSpec{"scaled_linear", 1000, {{0.00085, 0.012}}}}) {
    const NoiseSchedule schedule = NoiseSchedule::of(spec);
    EXPECT_EQ(schedule.alpha(-1), 1);
    EXPECT_EQ(schedule.sigma(-1), 0);
    double before = 1;
    for (double t = -0.75; t <= 999; t += 0.25) {
      const double a = schedule.alpha(t), s = schedule.sigma(t);
      EXPECT_LT(a, before) << spec.type << " at " << t;
      EXPECT_NEAR(a * a + s * s, 1, 1e-12);
      before = a;
    }
  }
}

// The first, 501st and last of numpy.cumprod(1 - numpy.linspace(0.00085**0.5, 0.012**0.5,
// 1000)**2).
TEST(NoiseSchedule, StableDiffusionsIsScaledLinear) {
  const NoiseSchedule schedule = NoiseSchedule::of({"scaled_linear", 1000, {{0.00085, 0.012}}});
  EXPECT_NEAR(schedule.alphas_cumprod()[0], 0.99915, 1e-12);
  EXPECT_NEAR(schedule.alphas_cumprod()[500], 0.2763326838229746, 1e-12);
  EXPECT_NEAR(schedule.alphas_cumprod()[999], 0.004660098513077238, 1e-12);
}

TEST(NoiseSchedule, TheBetasOfALinearOneCanBeGiven) {
  EXPECT_EQ(NoiseSchedule::of({"linear", 500, {{2e-4, 0.04}}}).alphas_cumprod(),
            NoiseSchedule::linear(500).alphas_cumprod());
  EXPECT_NEAR(NoiseSchedule::of({"linear", 2, {{0.1, 0.5}}}).alphas_cumprod()[1], 0.9 * 0.5, 1e-15);
}

TEST(NoiseSchedule, BetweenWholeTimesTheLogSnrIsInterpolated) {
  const NoiseSchedule schedule = NoiseSchedule::cosine(1000);
  const auto log_snr = [&](double t) {
    return 2 * std::log(schedule.alpha(t) / schedule.sigma(t));
  };
  EXPECT_NEAR(log_snr(500.25), 0.75 * log_snr(500) + 0.25 * log_snr(501), 1e-9);
  EXPECT_NEAR(schedule.alpha(3) * schedule.alpha(3), schedule.alphas_cumprod()[3], 1e-15);
}

TEST(NoiseSchedule, OutsideOfItIsABug) {
  const NoiseSchedule schedule = NoiseSchedule::cosine(10);
  EXPECT_THROW(static_cast<void>(schedule.alpha(9.5)), InternalError);
  EXPECT_THROW(static_cast<void>(schedule.alpha(-1.5)), InternalError);
  EXPECT_THROW(NoiseSchedule::of({"sigmoid", 10, {}}), InternalError);
}

// ---- DDIM

struct Transition {
  int time, next;
  double eta, alpha, sigma, noise_scale, result;  // of y = 0.7, x0 = -0.3, noise = 1.3
};

// Worked out in Python from Song et al. 2021, equation 12, in double precision.
constexpr Transition kTransitions[] = {
    {999, 966, 0, 4.92825213e-05, 0.999999999, 0, 0.683667381},
    {600, 400, 0, 0.582522963, 0.812814245, 0, 0.39921146},
    {600, 400, 0.5, 0.582522963, 0.812814245, 0.252174081, 0.666681271},
    {600, 400, 1, 0.582522963, 0.812814245, 0.504348162, 0.754254155},
    {33, -1, 1, 0.99793647, 0.0642090417, 0, -0.3},
};

TEST(DdimStep, EqualsTheFormulaWorkedOutElsewhere) {
  for (const Transition& t : kTransitions) {
    const DdimStep step(NoiseSchedule::cosine(1000), t.time, t.next, t.eta);
    EXPECT_FLOAT_EQ(step.alpha, static_cast<float>(t.alpha));
    EXPECT_FLOAT_EQ(step.sigma, static_cast<float>(t.sigma));
    EXPECT_NEAR(step.noise_scale, t.noise_scale, 1e-7);
    EXPECT_NEAR(step.advance(0.7f, -0.3f, 1.3f), t.result, 3e-7) << t.time << ", eta " << t.eta;
  }
}

TEST(DdimStep, TheLastTransitionGivesThePredictionItself) {
  for (const double eta : {0.0, 0.3, 1.0}) {
    const DdimStep step(NoiseSchedule::linear(1000), 19, -1, eta);
    EXPECT_EQ(step.advance(123.0f, 0.625f, 55.0f), 0.625f);
  }
}

TEST(DdimStep, ThreeWaysToPredictMeanTheSame) {
  const DdimStep step(NoiseSchedule::cosine(1000), 700, 600, 0);
  const float x0 = 0.8f, noise = -1.7f;
  const float y = step.alpha * x0 + step.sigma * noise;
  EXPECT_NEAR(step.x0(Prediction::x0, y, x0), x0, 1e-6);
  EXPECT_NEAR(step.x0(Prediction::epsilon, y, noise), x0, 1e-6);
  EXPECT_NEAR(step.x0(Prediction::v, y, step.alpha * noise - step.sigma * x0), x0, 1e-6);
}

TEST(DdimStep, ABoundOnTheCleanLatentLeavesTheNoiseAsPredicted) {
  const NoiseSchedule schedule = NoiseSchedule::cosine(1000);
  const DdimStep free(schedule, 700, 600, 0), bound(schedule, 700, 600, 0, 1.0);
  const float y = bound.alpha * 3.0f + bound.sigma * -0.5f;
  EXPECT_NEAR(bound.advance(y, 3.0f, 0), schedule.alpha(600) * 1.0 + schedule.sigma(600) * -0.5,
              1e-6);
  EXPECT_EQ(bound.advance(0.4f, -0.9f, 0), free.advance(0.4f, -0.9f, 0));
  EXPECT_FALSE(std::isfinite(bound.advance(y, INFINITY, 0)));
}

// The first step of the cosine schedule holds 5e-5 of signal: x0 may come out 20,000 times too
// large, and must not take the noise's digits with it.
TEST(DdimStep, AHugePredictionKeepsTheDigitsOfTheNoise) {
  const NoiseSchedule schedule = NoiseSchedule::cosine(1000);
  const DdimStep step(schedule, 999, 832, 0, 1.0);
  const double noise = 0.7, y = 1.3;
  const float x0 = step.x0(Prediction::epsilon, static_cast<float>(y), static_cast<float>(noise));
  EXPECT_GT(x0, 1e4f);
  EXPECT_NEAR(step.advance(static_cast<float>(y), x0, 0),
              schedule.alpha(832) + schedule.sigma(832) * noise, 2e-6);
}

TEST(DdimStep, AtEtaOneNoiseKeepsItsVariance) {
  // Pure noise stays pure noise when x0 is known to be zero: kept² + added² = sigma'².
  const NoiseSchedule schedule = NoiseSchedule::cosine(1000);
  for (const double eta : {0.0, 0.5, 1.0}) {
    const DdimStep step(schedule, 640, 512, eta);
    const float kept = step.kept * step.sigma;
    const double sigma = schedule.sigma(512);
    EXPECT_NEAR(kept * kept + step.noise_scale * step.noise_scale, sigma * sigma, 1e-6);
  }
}

}  // namespace
}  // namespace histoloom
