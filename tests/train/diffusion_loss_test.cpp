// What a denoiser is asked for, checked by the way back: x0 from x and a perfect prediction.
#include "diffusion_loss.h"

#include <gtest/gtest.h>

#include "histoloom/networks/noise_schedule.h"

namespace histoloom {
namespace {

class AddNoise : public testing::Test {
 protected:
  AddNoise() {
    at::manual_seed(5);
    ScheduleSpec spec;
    spec.type = "cosine";
    spec.steps = 1000;
    signal_ = signal_of(NoiseSchedule::of(spec));
    x0_ = at::randn({256, 3, 4, 4}) * 2 + 1;
  }
  NoisyBatch noisy(Prediction prediction) {
    return add_noise(x0_, draw_times(TimeDensity::even, x0_.size(0), signal_.numel()), signal_,
                     prediction);
  }
  at::Tensor alpha(const NoisyBatch& batch) {
    return signal_.index({batch.time.to(at::kLong)}).sqrt().view({-1, 1, 1, 1});
  }
  at::Tensor sigma(const NoisyBatch& batch) { return (1 - alpha(batch).square()).sqrt(); }
  static double largest(const at::Tensor& t) { return t.abs().max().item<double>(); }

  at::Tensor signal_, x0_;
};

TEST_F(AddNoise, ATargetOfVLeadsBackToX0) {  // Salimans and Ho 2022, appendix D: x0 = αx − σv
  const NoisyBatch batch = noisy(Prediction::v);
  EXPECT_LT(largest(alpha(batch) * batch.x - sigma(batch) * batch.target - x0_), 1e-5);
}

TEST_F(AddNoise, ATargetOfEpsilonIsTheNoise) {
  const NoisyBatch batch = noisy(Prediction::epsilon);
  EXPECT_LT(largest(alpha(batch) * x0_ + sigma(batch) * batch.target - batch.x), 1e-5);
  EXPECT_NEAR(batch.target.mean().item<double>(), 0, 0.05);
  EXPECT_NEAR(batch.target.std().item<double>(), 1, 0.05);
}

TEST_F(AddNoise, ATargetOfX0IsX0) { EXPECT_TRUE(at::equal(noisy(Prediction::x0).target, x0_)); }

TEST_F(AddNoise, TimesAreDrawnFromAllOfTheSchedule) {
  const at::Tensor time = noisy(Prediction::v).time;
  EXPECT_EQ(time.scalar_type(), at::kFloat);
  EXPECT_TRUE(at::equal(time, time.round()));
  EXPECT_GE(time.min().item<float>(), 0);
  EXPECT_LT(time.min().item<float>(), 50);
  EXPECT_LT(time.max().item<float>(), 1000);
  EXPECT_GE(time.max().item<float>(), 950);
  EXPECT_NEAR(time.mean().item<float>(), 500, 60);
}

// Shares of the density in closed form: half even, half the logistic of a standard normal.
TEST_F(AddNoise, TimesInTheMiddleAreDrawnMoreOften) {
  const at::Tensor time = draw_times(TimeDensity::middle, 100000, 1000);
  EXPECT_EQ(time.scalar_type(), at::kLong);
  EXPECT_GE(time.min().item<std::int64_t>(), 0);
  EXPECT_LT(time.max().item<std::int64_t>(), 1000);
  const auto share = [&](std::int64_t below) {
    return (time < below).to(at::kDouble).mean().item<double>();
  };
  EXPECT_NEAR(share(500), 0.5, 0.01);
  EXPECT_NEAR(share(100), 0.5 * 0.1 + 0.5 * 0.0140, 0.005);   // Φ(logit 0.1) = Φ(−2.197)
  EXPECT_NEAR(share(269), 0.5 * 0.269 + 0.5 * 0.1587, 0.01);  // Φ(logit 0.269) = Φ(−1)
}

TEST_F(AddNoise, NoiseGrowsWithTime) {
  EXPECT_TRUE((signal_.diff() < 0).all().item<bool>());
  EXPECT_GT(signal_[0].item<double>(), 0.999);
  EXPECT_LT(signal_[-1].item<double>(), 0.001);
}

}  // namespace
}  // namespace histoloom
