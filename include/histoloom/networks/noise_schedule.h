// Noise schedules: how much signal and noise a latent holds at a time.
//
// Time counts the schedule's T discrete steps: T - 1 is noise, -1 the clean latent. 0 is the least
// noisy step that a network was trained on. x_t = alpha(t)·x_0 + sigma(t)·noise, with
// alpha² = alphas_cumprod[t] and sigma² = 1 - alpha². Between whole times the log signal-to-noise
// ratio is interpolated.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "histoloom/vocabulary/sampler.h"

namespace histoloom {

// A schedule as a bundle describes it.
struct ScheduleSpec {
  std::string type;  // "cosine", "linear" or "scaled_linear"
  int steps = 1000;
  // The first and the last beta; missing: the published ones of the linear schedule.
  std::optional<std::array<double, 2>> betas = {};
};

class NoiseSchedule {
 public:
  // Cosine (Nichol and Dhariwal 2021, eq. 17): s = 0.008, betas clipped at 0.999.
  static NoiseSchedule cosine(int steps);
  // Betas linear from 1e-4 to 0.02, scaled by 1000 / steps (Ho et al. 2020).
  static NoiseSchedule linear(int steps);
  // Betas linear from `first` to `last`.
  static NoiseSchedule linear(int steps, double first, double last);
  // Square roots of betas linear from sqrt(first) to sqrt(last) (Rombach et al. 2022, Stable
  // Diffusion).
  static NoiseSchedule scaled_linear(int steps, double first, double last);
  // The schedule that a bundle, which has been checked, describes.
  static NoiseSchedule of(const ScheduleSpec& spec);

  int steps() const { return static_cast<int>(alphas_cumprod_.size()); }
  const std::vector<double>& alphas_cumprod() const { return alphas_cumprod_; }
  double alpha(double time) const;
  double sigma(double time) const;

  // The times of `count` transitions, descending, from first_time(begin) to -1.
  //   time     int(linspace(-1, first, count + 1)) reversed, as DiffInfinite's code draws them
  //   log_snr  times nearest to log(alpha / sigma) = -4 to 3 in equal parts, or to what the
  //            schedule has of it
  std::vector<int> times(int count, Spacing spacing = Spacing::time, double begin = 1) const;
  // The time at the share `begin` of the schedule, above 0: T - 1 at 1.
  int first_time(double begin) const;

 private:
  std::vector<int> even_log_snr_times(int count, int first) const;
  explicit NoiseSchedule(std::vector<double> alphas_cumprod);
  double alpha_squared(double time) const;

  std::vector<double> alphas_cumprod_;
};

}  // namespace histoloom
