// Smooth seeded noise over the plane (Perlin 1985, with the quintic of Perlin 2002), the material
// of layouts. Its tables are drawn once through the counter-based generator; after that a value
// costs a few nanoseconds and depends on the place alone.
#pragma once

#include <array>
#include <cstdint>

#include "histoloom/core/noise.h"

namespace histoloom {

// One octave: features of about `wavelength` cells, turned and shifted by the seed so that
// the lattices of several octaves never line up.
class GradientNoise {
 public:
  // Fields of one layout differ by `channel`. `stretch` lengthens features along one axis, which
  // lies at `angle` radians where one is given.
  GradientNoise(const CounterNoise& noise, std::uint32_t channel, double wavelength,
                double stretch = 1.0);
  GradientNoise(const CounterNoise& noise, std::uint32_t channel, double wavelength, double stretch,
                double angle);

  // A value in [-1, 1], of deviation about 0.35.
  float at(double x, double y) const;

  double wavelength() const { return wavelength_; }

 private:
  static constexpr int kTable = 1024;  // lattice points after which the noise repeats

  double wavelength_;
  double ax_, ay_, bx_, by_;  // rows of the map from cells to the lattice
  double shift_x_, shift_y_;
  std::array<std::uint16_t, kTable> permutation_;
};

}  // namespace histoloom
