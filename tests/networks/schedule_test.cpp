// Schedules and solver steps against numbers of other programs.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "histoloom/networks/noise_schedule.h"
#include "histoloom/networks/parameters.h"
#include "histoloom/weights/safetensors.h"
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
    const at::Tensor expected = read_tensor(file, std::string(name) + "_alphas_cumprod");
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
    const at::Tensor pairs = read_tensor(file, "time_pairs_" + std::to_string(count));
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

TEST(NoiseSchedule, TimesByLogSnrLieEvenlyInIt) {
  const NoiseSchedule schedule = NoiseSchedule::cosine(1000);
  const std::vector<int> times = schedule.times(15, Spacing::log_snr);
  ASSERT_EQ(times.size(), 16u);
  EXPECT_EQ(times.front(), 999);
  EXPECT_EQ(times.back(), -1);
  for (std::size_t i = 1; i < 15; ++i) {
    const double snr = std::log(schedule.alpha(times[i]) / schedule.sigma(times[i]));
    EXPECT_NEAR(snr, -4 + 0.5 * static_cast<double>(i), 0.02) << times[i];
  }
}

TEST(NoiseSchedule, TimesByLogSnrLieEvenlyInWhatAScheduleHasOfIt) {
  // Stable Diffusion's noisiest time is at -2.68, the cleanest of 20 linear ones at 2.65.
  const NoiseSchedule stable = NoiseSchedule::scaled_linear(1000, 0.00085, 0.012);
  const NoiseSchedule coarse = NoiseSchedule::linear(20);
  for (const auto& [schedule, count] : {std::pair{&stable, 10}, {&stable, 30}, {&coarse, 5}}) {
    const std::vector<int> times = schedule->times(count, Spacing::log_snr);
    std::vector<double> growth;
    // From the second on: a schedule may begin with no signal at all.
    for (std::size_t i = 1; i + 2 < times.size(); ++i) {
      const auto snr = [&](int t) { return std::log(schedule->alpha(t) / schedule->sigma(t)); };
      growth.push_back(snr(times[i + 1]) - snr(times[i]));
    }
    EXPECT_LT(*std::ranges::max_element(growth), 2 * *std::ranges::min_element(growth)) << count;
  }
}

TEST(NoiseSchedule, TimesByLogSnrAreDistinctForEveryCount) {
  for (const NoiseSchedule& schedule : {NoiseSchedule::linear(97), NoiseSchedule::cosine(50)}) {
    for (int count = 1; count <= schedule.steps(); ++count) {
      const std::vector<int> times = schedule.times(count, Spacing::log_snr);
      ASSERT_EQ(times.size(), static_cast<std::size_t>(count) + 1);
      EXPECT_EQ(times.front(), schedule.steps() - 1);
      EXPECT_EQ(times.back(), -1);
      for (std::size_t i = 0; i + 1 < times.size(); ++i) EXPECT_GT(times[i], times[i + 1]);
    }
    EXPECT_THROW(schedule.times(0, Spacing::log_snr), InternalError);
  }
}

TEST(NoiseSchedule, TimesBeginAtAShareOfTheSchedule) {
  const NoiseSchedule schedule = NoiseSchedule::cosine(1000);
  EXPECT_EQ(schedule.first_time(1), 999);
  EXPECT_EQ(schedule.first_time(0.4), 399);
  EXPECT_EQ(schedule.first_time(1e-6), 0);
  for (const Spacing spacing : {Spacing::time, Spacing::log_snr}) {
    const std::vector<int> times = schedule.times(7, spacing, 0.4);
    ASSERT_EQ(times.size(), 8u);
    EXPECT_EQ(times.front(), 399);
    EXPECT_EQ(times.back(), -1);
    for (std::size_t i = 0; i + 1 < times.size(); ++i) EXPECT_GT(times[i], times[i + 1]);
    EXPECT_EQ(schedule.times(4, spacing, 0.004), (std::vector<int>{3, 2, 1, 0, -1}));
    EXPECT_THROW(schedule.times(5, spacing, 0.004), InternalError);
    EXPECT_EQ(schedule.times(7, spacing, 1), schedule.times(7, spacing));
  }
  EXPECT_THROW(schedule.first_time(0), InternalError);
  EXPECT_THROW(schedule.first_time(1.01), InternalError);
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

}  // namespace
}  // namespace histoloom
