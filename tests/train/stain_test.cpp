#include "stain.h"

#include <gtest/gtest.h>

#include <cmath>

namespace histoloom {
namespace {

// A picture [3, 1, 1] of one colour, 0 to 255.
at::Tensor pixel(double r, double g, double b) {
  return (at::tensor({r, g, b}, at::kFloat) / 255).view({3, 1, 1}).to(at::kFloat);
}

// The picture whose pixels have these optical densities.
at::Tensor of_density(const std::array<double, 3>& density) {
  const auto value = [](double d) { return 256 * std::exp(-d) - 1; };
  return pixel(value(density[0]), value(density[1]), value(density[2]));
}

std::array<double, 3> times(double factor, std::array<double, 3> v) {
  const double norm = std::sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
  for (double& x : v) x *= factor / norm;
  return v;
}

void expect_near(const at::Tensor& a, const at::Tensor& b) {
  EXPECT_LT((a - b).abs().max().item<double>(), 2e-6) << a << b;
}

TEST(Stain, NoChangeChangesNothing) {
  at::manual_seed(1);
  const at::Tensor picture = at::rand({3, 5, 7});
  expect_near(change_stain(picture, {}), picture);
}

TEST(Stain, DensitiesOfPureStainsAreScaledAndShifted) {
  expect_near(change_stain(of_density(times(1.5, kHaematoxylin)), {{1.2, 3}, {0.1, 0}}),
              of_density(times(1.5 * 1.2 + 0.1, kHaematoxylin)));
  expect_near(change_stain(of_density(times(0.7, kEosin)), {{3, 0.8}, {0, -0.05}}),
              of_density(times(0.7 * 0.8 - 0.05, kEosin)));
}

// By least squares in Python's floats: densities 0.8246 and 0.4671, scaled by 1.2 and 0.9 and
// shifted by 0.03 and -0.02.
TEST(Stain, AMixtureIsChangedStainByStain) {
  expect_near(change_stain(pixel(150, 90, 170), {{1.2, 0.9}, {0.03, -0.02}}),
              pixel(132.67133017370216, 83.7571272073578, 161.8662954860894));
}

TEST(Stain, WhatIsNoStainStays) {
  // At right angles to both stains, so that taking all of them away leaves it.
  const std::array<double, 3>&h = kHaematoxylin, &e = kEosin;
  const std::array<double, 3> rest = times(
      -0.1, {h[1] * e[2] - h[2] * e[1], h[2] * e[0] - h[0] * e[2], h[0] * e[1] - h[1] * e[0]});
  std::array<double, 3> mixed = rest;
  for (std::size_t c = 0; c < 3; ++c) mixed[c] += times(1, h)[c] + times(0.5, e)[c];
  expect_near(change_stain(of_density(mixed), {{0, 0}, {1, 0.5}}), of_density(mixed));
  expect_near(change_stain(of_density(mixed), {{2, 1}, {-1, 0}}), of_density(mixed));
}

TEST(Stain, BlackAndWhiteAreTheLimits) {
  expect_near(change_stain(pixel(255, 255, 255), {{1, 1}, {-0.05, -0.05}}), pixel(255, 255, 255));
  expect_near(change_stain(pixel(0, 0, 0), {{1.2, 1.2}, {0.05, 0.05}}), pixel(0, 0, 0));
}

TEST(Stain, DrawsSpreadEvenlyOverTheirRanges) {
  at::manual_seed(2);
  double least = 2, most = 0, shift = 0, square = 0;
  constexpr int kDraws = 4000;
  for (int i = 0; i < kDraws; ++i) {
    const StainChange change = draw_stain_change(1);
    least = std::min(least, change.scale[0]);
    most = std::max(most, change.scale[0]);
    shift = std::max(shift, std::abs(change.shift[1]));
    square += (change.scale[1] - 1) * (change.scale[1] - 1);
  }
  EXPECT_NEAR(least, 0.8, 2e-3);
  EXPECT_NEAR(most, 1.2, 2e-3);
  EXPECT_NEAR(shift, 0.05, 5e-4);
  EXPECT_NEAR(std::sqrt(square / kDraws), 0.2 / std::sqrt(3), 4e-3);
}

TEST(Stain, HalfTheStrengthIsHalfTheChange) {
  at::manual_seed(3);
  const StainChange whole = draw_stain_change(1);
  at::manual_seed(3);
  const StainChange half = draw_stain_change(0.5);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_NEAR(half.scale[i] - 1, (whole.scale[i] - 1) / 2, 1e-12);
    EXPECT_NEAR(half.shift[i], whole.shift[i] / 2, 1e-12);
    EXPECT_EQ(draw_stain_change(0).scale[i], 1);
  }
}

}  // namespace
}  // namespace histoloom
