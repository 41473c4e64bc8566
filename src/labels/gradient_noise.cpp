#include "gradient_noise.h"

#include <cmath>
#include <numbers>
#include <utility>

namespace histoloom {

namespace {

constexpr int kDirections = 256;
constexpr std::int64_t kPlacement = -1;  // rows of the counter apart from the permutation's
constexpr float kToUnit = 1.4142135f;    // the noise of unit gradients stays within ±1/sqrt(2)

struct Gradient {
  float x, y;
};

const std::array<Gradient, kDirections>& directions() {
  static const auto table = [] {
    std::array<Gradient, kDirections> all{};
    for (int i = 0; i < kDirections; ++i) {
      const double angle = 2 * std::numbers::pi * i / kDirections;
      all[static_cast<std::size_t>(i)] = {static_cast<float>(std::cos(angle)),
                                          static_cast<float>(std::sin(angle))};
    }
    return all;
  }();
  return table;
}

float fade(float t) { return t * t * t * (t * (t * 6 - 15) + 10); }

double random_angle(const CounterNoise& noise, std::uint32_t channel) {
  const float turn = noise.uniform(NoiseDomain::layout, 0, kPlacement, 0, channel);
  return 2 * std::numbers::pi * static_cast<double>(turn);
}

}  // namespace

GradientNoise::GradientNoise(const CounterNoise& noise, std::uint32_t channel, double wavelength,
                             double stretch)
    : GradientNoise(noise, channel, wavelength, stretch, random_angle(noise, channel)) {}

GradientNoise::GradientNoise(const CounterNoise& noise, std::uint32_t channel, double wavelength,
                             double stretch, double angle)
    : wavelength_(wavelength) {
  ax_ = std::cos(angle) / (wavelength * stretch);
  ay_ = std::sin(angle) / (wavelength * stretch);
  bx_ = -std::sin(angle) / wavelength;
  by_ = std::cos(angle) / wavelength;
  const PhiloxCounter w = noise.words(NoiseDomain::layout, 1, kPlacement, 0, channel);
  shift_x_ = w[0] * 0x1p-32 * kTable;
  shift_y_ = w[1] * 0x1p-32 * kTable;

  // Fisher-Yates.
  for (int i = 0; i < kTable; ++i) {
    permutation_[static_cast<std::size_t>(i)] = static_cast<std::uint16_t>(i);
  }
  for (std::uint32_t i = kTable - 1; i > 0; --i) {
    const std::uint32_t word = noise.words(NoiseDomain::layout, i, 0, 0, channel)[0];
    std::swap(permutation_[i], permutation_[word % (i + 1)]);
  }
}

float GradientNoise::at(double x, double y) const {
  const double u = ax_ * x + ay_ * y + shift_x_;
  const double v = bx_ * x + by_ * y + shift_y_;
  const double floor_u = std::floor(u);
  const double floor_v = std::floor(v);
  const auto i = static_cast<std::int64_t>(floor_u);
  const auto k = static_cast<std::int64_t>(floor_v);
  const auto fu = static_cast<float>(u - floor_u);
  const auto fv = static_cast<float>(v - floor_v);

  const auto& gradients = directions();
  const auto corner = [&](std::int64_t di, std::int64_t dk) {
    const std::size_t row = permutation_[static_cast<std::size_t>((i + di) & (kTable - 1))];
    const std::size_t hash =
        permutation_[(row + static_cast<std::size_t>((k + dk) & (kTable - 1))) & (kTable - 1)];
    const Gradient g = gradients[hash & (kDirections - 1)];
    return g.x * (fu - static_cast<float>(di)) + g.y * (fv - static_cast<float>(dk));
  };
  const float su = fade(fu);
  const float sv = fade(fv);
  const float top = corner(0, 0) + su * (corner(1, 0) - corner(0, 0));
  const float bottom = corner(0, 1) + su * (corner(1, 1) - corner(0, 1));
  return kToUnit * (top + sv * (bottom - top));
}

}  // namespace histoloom
