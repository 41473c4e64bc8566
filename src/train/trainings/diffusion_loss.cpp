#include "diffusion_loss.h"

namespace histoloom {

at::Tensor draw_times(TimeDensity density, std::int64_t batch, std::int64_t steps) {
  const at::Tensor even = at::randint(steps, {batch}, at::kLong);
  if (density == TimeDensity::even) return even;
  const at::Tensor middle = (at::sigmoid(at::randn({batch})) * static_cast<double>(steps))
                                .to(at::kLong)
                                .clamp_max(steps - 1);
  return at::where(at::rand({batch}) < 0.5, even, middle);
}

NoisyBatch add_noise(const at::Tensor& x0, const at::Tensor& time, const at::Tensor& signal,
                     Prediction prediction) {
  const at::Tensor power = signal.index({time}).view({-1, 1, 1, 1});
  const at::Tensor alpha = power.sqrt(), sigma = (1 - power).sqrt();
  const at::Tensor noise = at::randn_like(x0);
  return {alpha * x0 + sigma * noise, time.to(at::kFloat),
          target_of(prediction, x0, noise, alpha, sigma)};
}

at::Tensor signal_of(const NoiseSchedule& schedule) {
  return at::tensor(schedule.alphas_cumprod()).to(at::kFloat);
}

Sha256 checksum_of(const NoiseSchedule& schedule, Prediction prediction) {
  const at::Tensor signal = signal_of(schedule);
  Sha256 sum;
  sum.add_part(signal.data_ptr(), signal.nbytes())
      .add_part(std::to_string(static_cast<int>(prediction)));
  return sum;
}

}  // namespace histoloom
