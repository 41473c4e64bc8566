#include "histoloom/evaluate/radial_spectrum.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "fourier.h"
#include "histoloom/core/error.h"
#include "moments.h"

namespace histoloom::evaluate {

namespace {

// The grey values without their mean under a Hann window.
ComplexSquare<double> windowed(const Picture& patch) {
  const Plane grey = grey_plane(patch);
  const auto n = static_cast<std::size_t>(patch.size.width);
  const double mean = moments_of(grey.values).mean;
  std::vector<double> hann(n);
  for (std::size_t i = 0; i < n; ++i)
    hann[i] = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * (static_cast<double>(i) + 0.5) /
                                   static_cast<double>(n));
  ComplexSquare<double> out(n);
  for (std::size_t i = 0; i < out.re.size(); ++i)
    out.re[i] = (static_cast<double>(grey.values[i]) - mean) * hann[i % n] * hann[i / n];
  return out;
}

std::vector<double> weighted_mean(const std::vector<std::vector<double>>& spectra,
                                  const Weights& weights) {
  std::vector<double> out(spectra[0].size());
  for (std::size_t p = 0; p < spectra.size(); ++p)
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] += weights[p] * spectra[p][i] / static_cast<double>(spectra.size());
  return out;
}

}  // namespace

std::vector<double> radial_spectrum(const Picture& patch) {
  const auto n = static_cast<std::size_t>(patch.size.width);
  check_internal(patch.size.height == patch.size.width && n >= 2 && (n & (n - 1)) == 0,
                 "a spectrum's patch must be a square with a power of two a side");
  ComplexSquare<double> data = windowed(patch);
  FourierTransform<double>(n).transform(data);
  std::vector<double> power(n / 2), count(n / 2);
  for (std::size_t i = 0; i < data.re.size(); ++i) {
    const std::size_t x = i % n, y = i / n;
    const auto fx = static_cast<double>(std::min(x, n - x)),
               fy = static_cast<double>(std::min(y, n - y));
    const auto ring = static_cast<std::size_t>(std::lround(std::hypot(fx, fy)));
    if (ring == 0 || ring > power.size()) continue;
    power[ring - 1] += data.re[i] * data.re[i] + data.im[i] * data.im[i];
    count[ring - 1] += 1;
  }
  for (std::size_t i = 0; i < power.size(); ++i) power[i] /= count[i];
  return power;
}

std::vector<std::vector<double>> radial_spectra(Pictures patches) {
  std::vector<std::vector<double>> out(patches.size());
  tbb::parallel_for(std::size_t{0}, patches.size(),
                    [&](std::size_t i) { out[i] = radial_spectrum(patches[i]); });
  return out;
}

std::vector<double> spectrum_difference_db(const std::vector<std::vector<double>>& first,
                                           const std::vector<std::vector<double>>& second,
                                           const Weights& weights_first,
                                           const Weights& weights_second) {
  constexpr double kFloor = 1e-9;  // of a power; 8 bits' rounding is far above it
  std::vector<double> a = weighted_mean(first, weights_first);
  const std::vector<double> b = weighted_mean(second, weights_second);
  for (std::size_t i = 0; i < a.size(); ++i)
    a[i] = 10 * std::log10((b[i] + kFloor) / (a[i] + kFloor));
  return a;
}

SpectrumDifference spectrum_difference(const Sample& first, const Sample& second,
                                       const BootstrapOptions& options) {
  const auto a = radial_spectra(first.patches), b = radial_spectra(second.patches);
  const Resampled drawn_a(a.size(), first.parts), drawn_b(b.size(), second.parts);
  const auto largest = [&](const Weights& wa, const Weights& wb) {
    const std::vector<double> db = spectrum_difference_db(a, b, wa, wb);
    double most = 0;
    for (std::size_t i = 0; i < db.size() / 2; ++i) most = std::max(most, std::abs(db[i]));
    return most;
  };
  const auto mean = [&](const Weights& wa, const Weights& wb) {
    const std::vector<double> db = spectrum_difference_db(a, b, wa, wb);
    double sum = 0;
    for (const double v : db) sum += std::abs(v);
    return sum / static_cast<double>(db.size());
  };
  return {spectrum_difference_db(a, b, Weights(a.size(), 1), Weights(b.size(), 1)),
          bootstrap(drawn_a, drawn_b, options, largest),
          bootstrap(drawn_a, drawn_b, options, mean)};
}

}  // namespace histoloom::evaluate
