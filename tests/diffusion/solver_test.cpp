// The solvers: a contract that all keep, what each computes, and how fast their errors shrink.
#include "solver.h"

#include <gtest/gtest.h>

#include <cmath>

namespace histoloom {
namespace {

constexpr double kNoClip = std::numeric_limits<double>::infinity();

SolverStep one_step(SolverKind kind, double time, double next, double eta, double clip = kNoClip) {
  return make_solver(kind, NoiseSchedule::cosine(1000), {time, next}, eta, clip)->step(0, false);
}

// ---- What every solver keeps to

class SolverContract : public testing::TestWithParam<std::tuple<SolverKind, double>> {
 protected:
  // All transitions of a run, with and without what the step before predicted.
  std::vector<SolverStep> steps(const std::vector<double>& times) const {
    const auto& [kind, eta] = GetParam();
    const auto solver = make_solver(kind, schedule_, times, eta, kNoClip);
    std::vector<SolverStep> out;
    for (int i = 0; i + 1 < static_cast<int>(times.size()); ++i)
      for (const bool history : {false, true}) out.push_back(solver->step(i, history));
    return out;
  }

  const NoiseSchedule schedule_ = NoiseSchedule::cosine(1000);
  const std::vector<double> times_{999, 900.5, 700, 400, 250.25, 20, 0, -1};
};

TEST_P(SolverContract, ACellWithoutNoiseStaysWithoutNoise) {
  const auto all = steps(times_);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double next = schedule_.alpha(times_[i / 2 + 1]);
    EXPECT_NEAR(all[i].advance(all[i].alpha * 0.7f, 0.7f, 0.7f, 0), next * 0.7, 1e-6) << i;
  }
}

TEST_P(SolverContract, NoiseKnownToBeNoiseKeepsTheVarianceOfItsTime) {
  const auto all = steps(times_);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const float residual_scale = all[i].residual_scale * all[i].sigma,
                sigma = static_cast<float>(schedule_.sigma(times_[i / 2 + 1]));
    EXPECT_NEAR(residual_scale * residual_scale + all[i].noise_scale * all[i].noise_scale,
                sigma * sigma, 1e-6)
        << i;
  }
}

TEST_P(SolverContract, WithoutEtaNoNoiseIsAdded) {
  const auto& [kind, eta] = GetParam();
  for (const SolverStep& step : steps({999, 600, 200, 3}))
    EXPECT_EQ(step.noise_scale == 0, eta == 0);
}

TEST_P(SolverContract, TheStepToTheCleanEndGivesThePredictionItself) {
  for (const SolverStep& step : steps({19, -1}))
    EXPECT_EQ(step.advance(123.0f, 0.625f, -4.0f, 55.0f), 0.625f);
}

TEST_P(SolverContract, ThreeWaysToPredictMeanTheSame) {
  const auto& [kind, eta] = GetParam();
  const SolverStep step = one_step(kind, 700, 600, eta);
  const float x0 = 0.8f, noise = -1.7f;
  const float y = step.alpha * x0 + step.sigma * noise;
  EXPECT_NEAR(step.x0(Prediction::x0, y, x0), x0, 1e-6);
  EXPECT_NEAR(step.x0(Prediction::epsilon, y, noise), x0, 1e-6);
  EXPECT_NEAR(step.x0(Prediction::v, y, step.alpha * noise - step.sigma * x0), x0, 1e-6);
}

TEST_P(SolverContract, ABoundChangesOnlyWhatExceedsIt) {
  const auto& [kind, eta] = GetParam();
  const SolverStep free = one_step(kind, 700, 600, eta), bound = one_step(kind, 700, 600, eta, 1.0);
  EXPECT_EQ(bound.advance(0.4f, -0.9f, 0, 0.3f), free.advance(0.4f, -0.9f, 0, 0.3f));
  EXPECT_LT(bound.advance(0.4f, 2.0f, 0, 0.3f), free.advance(0.4f, 2.0f, 0, 0.3f));
  EXPECT_EQ(bound.clipped(2.0f), 1.0f);
  EXPECT_EQ(bound.clipped(-2.0f), -1.0f);
}

TEST_P(SolverContract, WhatIsNotFiniteShows) {
  const auto& [kind, eta] = GetParam();
  for (const double next : {600.0, -1.0}) {
    const SolverStep step = one_step(kind, 700, next, eta, 1.0);
    EXPECT_FALSE(std::isfinite(step.advance(0.5f, INFINITY, 0, 0)));
    EXPECT_FALSE(std::isfinite(step.advance(0.5f, NAN, 0, 0)));
  }
}

INSTANTIATE_TEST_SUITE_P(All, SolverContract,
                         testing::Combine(testing::Values(SolverKind::ddim, SolverKind::dpmpp),
                                          testing::Values(0.0, 0.4, 1.0)));

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

TEST(Ddim, EqualsTheFormulaWorkedOutElsewhere) {
  for (const Transition& t : kTransitions) {
    const SolverStep step = one_step(SolverKind::ddim, t.time, t.next, t.eta);
    EXPECT_FLOAT_EQ(step.alpha, static_cast<float>(t.alpha));
    EXPECT_FLOAT_EQ(step.sigma, static_cast<float>(t.sigma));
    EXPECT_NEAR(step.noise_scale, t.noise_scale, 1e-7);
    EXPECT_NEAR(step.advance(0.7f, -0.3f, 0, 1.3f), t.result, 3e-7) << t.time << ", eta " << t.eta;
  }
}

TEST(Ddim, ABoundOnTheCleanLatentLeavesTheNoiseAsPredicted) {
  const NoiseSchedule schedule = NoiseSchedule::cosine(1000);
  const SolverStep step = one_step(SolverKind::ddim, 700, 600, 0, 1.0);
  const float y = step.alpha * 3.0f + step.sigma * -0.5f;
  EXPECT_NEAR(step.advance(y, 3.0f, 0, 0), schedule.alpha(600) - schedule.sigma(600) * 0.5, 1e-6);
}

// The first step of the cosine schedule holds 5e-5 of signal: x0 may come out 20,000 times too
// large, and must not take the noise's digits with it.
TEST(Ddim, AHugePredictionKeepsTheDigitsOfTheNoise) {
  const NoiseSchedule schedule = NoiseSchedule::cosine(1000);
  const SolverStep step = one_step(SolverKind::ddim, 999, 832, 0, 1.0);
  const float noise = 0.7f, y = 1.3f, x0 = step.x0(Prediction::epsilon, y, noise);
  EXPECT_GT(x0, 1e4f);
  EXPECT_NEAR(step.advance(y, x0, 0, 0),
              schedule.alpha(832) + schedule.sigma(832) * static_cast<double>(noise), 2e-6);
}

// ---- DPM-Solver++(2M)

// Algorithm 2 of Lu et al. 2022 in NumPy, double precision, cosine schedule: from 600 to 400 after
// a step from 800, with y = 0.7, x0 = -0.3, x0_before = 0.5.
TEST(DpmSolver, EqualsThePaperWorkedOutElsewhere) {
  const auto solver =
      make_solver(SolverKind::dpmpp, NoiseSchedule::cosine(1000), {800, 600, 400}, 0, kNoClip);
  EXPECT_NEAR(solver->step(1, true).advance(0.7f, -0.3f, 0.5f, 0), 0.280343694, 1e-6);
  EXPECT_NEAR(solver->step(1, false).advance(0.7f, -0.3f, 0.5f, 0), 0.399211460, 1e-6);
}

TEST(DpmSolver, WithoutHistoryIsDdim) {
  for (const double eta : {0.0, 1.0}) {
    const SolverStep a = one_step(SolverKind::dpmpp, 812, 640, eta);
    const SolverStep b = one_step(SolverKind::ddim, 812, 640, eta);
    EXPECT_NEAR(a.advance(0.7f, -0.3f, 9.0f, 1.3f), b.advance(0.7f, -0.3f, 9.0f, 1.3f), 1e-6);
  }
}

TEST(DpmSolver, TheFirstAndTheLastStepAreOfFirstOrder) {
  const auto solver =
      make_solver(SolverKind::dpmpp, NoiseSchedule::cosine(1000), {999, 500, 100, -1}, 0, kNoClip);
  EXPECT_EQ(solver->step(0, true).before_scale, 0);
  EXPECT_NE(solver->step(1, true).before_scale, 0);
  EXPECT_EQ(solver->step(1, false).before_scale, 0);
  EXPECT_EQ(solver->step(2, true).before_scale, 0);
}

// ---- Order of convergence
//
// A cell is N(m, d²), so that its clean latent is known given the noisy one, and the ODE has the
// solution y(t) = alpha·m + sqrt(alpha²·d² + sigma²)·z with z constant.

constexpr double kCellMean = 0.8, kCellDeviation = 0.4;

double solution(const NoiseSchedule& schedule, double time, double z) {
  const double a = schedule.alpha(time), s = schedule.sigma(time);
  return a * kCellMean + std::hypot(a * kCellDeviation, s) * z;
}

// The time at which log(alpha / sigma) is `lambda`.
double time_of(const NoiseSchedule& schedule, double lambda) {
  double low = 0, high = 999;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (std::log(schedule.alpha(middle) / schedule.sigma(middle)) > lambda ? low : high) = middle;
  }
  return low;
}

// How far a run of `count` steps, even in lambda, ends from the solution.
double error_after(SolverKind kind, int count) {
  const NoiseSchedule schedule = NoiseSchedule::cosine(1000);
  const double from = -2.5, to = 1.5, z = 1.1;
  std::vector<double> times;
  for (int i = 0; i <= count; ++i)
    times.push_back(time_of(schedule, std::lerp(from, to, static_cast<double>(i) / count)));
  const auto solver = make_solver(kind, schedule, times, 0, kNoClip);
  double y = solution(schedule, times[0], z), before = 0;
  for (int i = 0; i < count; ++i) {
    const SolverStep step = solver->step(i, i > 0);
    const double a = step.alpha, s = step.sigma, v = kCellDeviation * kCellDeviation;
    const double x0 = kCellMean + v * a / (v * a * a + s * s) * (y - a * kCellMean);
    // In double precision, so that rounding does not hide the order.
    const double from_x0 = step.x0_scale, from_before = step.before_scale;
    const double residual_scale = step.residual_scale, removed = step.removed;
    y = from_x0 * x0 + from_before * before + residual_scale * (y - removed * x0);
    before = x0;
  }
  return std::abs(y - solution(schedule, times.back(), z));
}

TEST(Convergence, DdimIsOfFirstOrder) {
  const double order =
      std::log2(error_after(SolverKind::ddim, 40) / error_after(SolverKind::ddim, 80));
  EXPECT_NEAR(order, 1, 0.1);
}

TEST(Convergence, DpmSolverIsOfSecondOrder) {
  const double order =
      std::log2(error_after(SolverKind::dpmpp, 40) / error_after(SolverKind::dpmpp, 80));
  EXPECT_GT(order, 1.9);  // 2.35 here, in double precision too; it falls towards 2 with more steps
  EXPECT_LT(order, 2.5);
}

TEST(Convergence, DpmSolverNeedsFewerSteps) {
  EXPECT_LT(error_after(SolverKind::dpmpp, 10), error_after(SolverKind::ddim, 60));
}

}  // namespace
}  // namespace histoloom
