#include "solver.h"

#include <cmath>

#include "histoloom/core/error.h"

namespace histoloom {

namespace {

// Signal and noise at the two ends of a transition.
struct Ends {
  double alpha, sigma, next_alpha, next_sigma;
  // Half the growth of the log signal-to-noise ratio; infinite to a clean latent.
  double log_growth() const { return std::log(next_alpha / next_sigma) - std::log(alpha / sigma); }
};

class ScheduledSolver : public Solver {
 public:
  ScheduledSolver(const NoiseSchedule& schedule, std::vector<double> times, double eta, double clip)
      : eta_(eta), schedule_(schedule), times_(std::move(times)), clip_(clip) {}

 protected:
  Ends ends(int index) const {
    const auto i = static_cast<std::size_t>(index);
    check_internal(index >= 0 && i + 1 < times_.size(), "a transition outside of the schedule");
    return {schedule_.alpha(times_[i]), schedule_.sigma(times_[i]), schedule_.alpha(times_[i + 1]),
            schedule_.sigma(times_[i + 1])};
  }
  SolverStep start(const Ends& e) const {
    SolverStep out;
    out.alpha = static_cast<float>(e.alpha);
    out.sigma = static_cast<float>(e.sigma);
    out.clip = static_cast<float>(clip_);
    return out;
  }

  double eta_;

 private:
  NoiseSchedule schedule_;
  std::vector<double> times_;
  double clip_;
};

class Ddim final : public ScheduledSolver {
 public:
  using ScheduledSolver::ScheduledSolver;
  bool keeps_x0() const override { return false; }

  SolverStep step(int index, bool) const override {
    const Ends e = ends(index);
    const double ratio = e.alpha / e.next_alpha;
    const double noise =
        eta_ * e.next_sigma / e.sigma * std::sqrt(std::max(0.0, 1 - ratio * ratio));
    const double epsilon = std::sqrt(std::max(0.0, e.next_sigma * e.next_sigma - noise * noise));
    SolverStep out = start(e);
    out.x0_scale = static_cast<float>(e.next_alpha);
    out.residual_scale = static_cast<float>(epsilon / e.sigma);
    out.removed = out.alpha;
    out.noise_scale = static_cast<float>(noise);
    return out;
  }
};

class DpmSolverPlusPlus final : public ScheduledSolver {
 public:
  using ScheduledSolver::ScheduledSolver;
  bool keeps_x0() const override { return true; }

  SolverStep step(int index, bool history) const override {
    const Ends e = ends(index);
    SolverStep out = start(e);
    if (e.next_sigma == 0) {
      out.x0_scale = static_cast<float>(e.next_alpha);
      return out;
    }
    const double h = e.log_growth();
    const double weight = -e.next_alpha * std::expm1(-h - eta_ * h);
    const double slope = history && index > 0 ? h / (2 * ends(index - 1).log_growth()) : 0;
    out.x0_scale = static_cast<float>(weight * (1 + slope));
    out.before_scale = static_cast<float>(-weight * slope);
    out.residual_scale = static_cast<float>(e.next_sigma / e.sigma * std::exp(-eta_ * h));
    out.noise_scale = static_cast<float>(e.next_sigma * std::sqrt(-std::expm1(-2 * eta_ * h)));
    return out;
  }
};

}  // namespace

std::unique_ptr<Solver> make_solver(SolverKind kind, const NoiseSchedule& schedule,
                                    std::vector<double> times, double eta, double clip) {
  if (kind == SolverKind::ddim)
    return std::make_unique<Ddim>(schedule, std::move(times), eta, clip);
  return std::make_unique<DpmSolverPlusPlus>(schedule, std::move(times), eta, clip);
}

}  // namespace histoloom
