#include "solver.h"

#include <algorithm>
#include <cmath>

namespace histoloom {

DdimStep::DdimStep(const NoiseSchedule& schedule, int time, int next, double eta, double bound) {
  const double a = schedule.alpha(time), s = schedule.sigma(time);
  const double a2 = schedule.alpha(next), s2 = schedule.sigma(next);
  const double n = eta * s2 / s * std::sqrt(std::max(0.0, 1 - a * a / (a2 * a2)));
  alpha = static_cast<float>(a);
  sigma = static_cast<float>(s);
  clip = static_cast<float>(bound);
  x0_scale = static_cast<float>(a2);
  kept = static_cast<float>(std::sqrt(std::max(0.0, s2 * s2 - n * n)) / s);
  noise_scale = static_cast<float>(n);
}

}  // namespace histoloom
