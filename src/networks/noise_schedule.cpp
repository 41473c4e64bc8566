#include "histoloom/networks/noise_schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "histoloom/core/error.h"

namespace histoloom {

namespace {

std::vector<double> cumulative(const std::vector<double>& betas) {
  std::vector<double> out;
  double product = 1;
  for (const double beta : betas) out.push_back(product *= 1 - beta);
  return out;
}

}  // namespace

NoiseSchedule::NoiseSchedule(std::vector<double> alphas_cumprod)
    : alphas_cumprod_(std::move(alphas_cumprod)) {}

NoiseSchedule NoiseSchedule::cosine(int steps) {
  constexpr double s = 0.008;
  const auto signal = [&](int i) {
    const double x = (static_cast<double>(i) / steps + s) / (1 + s) * std::numbers::pi / 2;
    return std::cos(x) * std::cos(x);
  };
  std::vector<double> betas;
  for (int i = 0; i < steps; ++i)
    betas.push_back(std::clamp(1 - signal(i + 1) / signal(i), 0.0, 0.999));
  return NoiseSchedule(cumulative(betas));
}

NoiseSchedule NoiseSchedule::linear(int steps) {
  const double scale = 1000.0 / steps;
  return linear(steps, scale * 1e-4, scale * 0.02);
}

NoiseSchedule NoiseSchedule::linear(int steps, double first, double last) {
  std::vector<double> betas;
  for (int i = 0; i < steps; ++i)
    betas.push_back(first + (last - first) * i / std::max(1, steps - 1));
  return NoiseSchedule(cumulative(betas));
}

NoiseSchedule NoiseSchedule::scaled_linear(int steps, double first, double last) {
  std::vector<double> betas;
  for (int i = 0; i < steps; ++i) {
    const double root = std::lerp(std::sqrt(first), std::sqrt(last),
                                  static_cast<double>(i) / std::max(1, steps - 1));
    betas.push_back(root * root);
  }
  return NoiseSchedule(cumulative(betas));
}

NoiseSchedule NoiseSchedule::of(const ScheduleSpec& spec) {
  if (spec.type == "cosine") return cosine(spec.steps);
  if (spec.type == "scaled_linear")
    return scaled_linear(spec.steps, spec.betas.value()[0], spec.betas.value()[1]);
  check_internal(spec.type == "linear", "an unchecked schedule type");
  return spec.betas ? linear(spec.steps, (*spec.betas)[0], (*spec.betas)[1]) : linear(spec.steps);
}

double NoiseSchedule::alpha_squared(double time) const {
  check_internal(time >= -1 && time <= steps() - 1, "a time outside of the schedule");
  const double whole = std::floor(time);
  const auto at = [&](double t) {
    return t < 0 ? 1.0 : alphas_cumprod_[static_cast<std::size_t>(t)];
  };
  if (time == whole) return at(time);
  if (whole < 0) return 1 + (at(0) - 1) * (time + 1);  // the log-SNR of the clean end is infinite
  const auto log_snr = [](double a) { return std::log(a / (1 - a)); };
  const double mixed = std::lerp(log_snr(at(whole)), log_snr(at(whole + 1)), time - whole);
  return 1 / (1 + std::exp(-mixed));
}

double NoiseSchedule::alpha(double time) const { return std::sqrt(alpha_squared(time)); }
double NoiseSchedule::sigma(double time) const { return std::sqrt(1 - alpha_squared(time)); }

std::vector<int> NoiseSchedule::even_log_snr_times(int count, int first) const {
  const auto log_snr = [&](int t) {
    const double a = alphas_cumprod_[static_cast<std::size_t>(t)];
    return std::log(a / (1 - a)) / 2;
  };
  const double noisiest = std::max(-4.0, log_snr(first)), cleanest = std::min(3.0, log_snr(0));
  std::vector<int> out{first};
  for (int i = 1, t = first; i < count; ++i) {
    const double wanted = std::lerp(noisiest, cleanest, static_cast<double>(i) / (count - 1));
    // Each later than the next, and late enough that all that follow find a time.
    const int latest = out.back() - 1, earliest = count - 1 - i;
    while (t > 0 && log_snr(t) < wanted) --t;
    const bool later_is_nearer = t < first && wanted - log_snr(t + 1) < log_snr(t) - wanted;
    out.push_back(std::clamp(t + (later_is_nearer ? 1 : 0), earliest, latest));
  }
  out.push_back(-1);
  return out;
}

int NoiseSchedule::first_time(double begin) const {
  check_internal(begin > 0 && begin <= 1, "a share outside of the schedule");
  return std::max(1, static_cast<int>(std::lround(begin * steps()))) - 1;
}

std::vector<int> NoiseSchedule::times(int count, Spacing spacing, double begin) const {
  const int first = first_time(begin);
  check_internal(count >= 1 && count <= first + 1, "a number of steps outside of the schedule");
  if (spacing == Spacing::log_snr) return even_log_snr_times(count, first);
  std::vector<int> out;
  for (int i = count; i >= 0; --i)
    out.push_back(static_cast<int>(-1.0 + static_cast<double>(first + 1) * i / count));
  return out;
}

}  // namespace histoloom
