#include "histoloom/evaluate/reconstruction.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "histoloom/core/error.h"
#include "planes.h"

namespace histoloom::evaluate {

namespace {

constexpr std::array kScaleWeights{0.0448, 0.2856, 0.3001, 0.2363, 0.1333};
constexpr std::int64_t kWindow = 11;  // px
constexpr double kDeviation = 1.5;    // px
constexpr float kC1 = 6.5025f;        // (0.01 · 255)²
constexpr float kC2 = 58.5225f;       // (0.03 · 255)²

std::array<float, kWindow> gaussian() {
  std::array<double, kWindow> values{};
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double x = static_cast<double>(i) - (kWindow - 1) / 2.0;
    sum += values[i] = std::exp(-x * x / (2 * kDeviation * kDeviation));
  }
  std::array<float, kWindow> out{};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>(values[i] / sum);
  return out;
}

// Means under the window along x where it lies inside; rows become columns.
Plane blurred_turned(const Plane& in, const std::array<float, kWindow>& kernel) {
  const std::int64_t width = in.size.width - kWindow + 1;
  Plane out{{in.size.height, width},
            std::vector<float>(static_cast<std::size_t>(in.size.height * width))};
  for (std::int64_t y = 0; y < in.size.height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      float sum = 0;
      for (std::size_t k = 0; k < kernel.size(); ++k)
        sum += kernel[k] * in.at(x + static_cast<std::int64_t>(k), y);
      out.at(y, x) = sum;
    }
  }
  return out;
}

Plane blurred(const Plane& in) {
  static const std::array<float, kWindow> kernel = gaussian();
  return blurred_turned(blurred_turned(in, kernel), kernel);
}

Plane product_of(const Plane& a, const Plane& b) {
  Plane out = a;
  for (std::size_t i = 0; i < out.values.size(); ++i) out.values[i] *= b.values[i];
  return out;
}

// Means over the picture of luminance · contrast · structure, and of the latter two.
struct Similarity {
  double whole = 0;
  double contrast = 0;
};

Similarity similarity(const Plane& a, const Plane& b) {
  const Plane mean_a = blurred(a), mean_b = blurred(b);
  const Plane aa = blurred(product_of(a, a)), bb = blurred(product_of(b, b)),
              ab = blurred(product_of(a, b));
  Similarity sum;
  for (std::size_t i = 0; i < mean_a.values.size(); ++i) {
    const float ma = mean_a.values[i], mb = mean_b.values[i];
    const float variances = aa.values[i] - ma * ma + (bb.values[i] - mb * mb);
    const float contrast = (2 * (ab.values[i] - ma * mb) + kC2) / (variances + kC2);
    const float luminance = (2 * ma * mb + kC1) / (ma * ma + mb * mb + kC1);
    sum.contrast += static_cast<double>(contrast);
    sum.whole += static_cast<double>(luminance * contrast);
  }
  const auto n = static_cast<double>(mean_a.values.size());
  return {sum.whole / n, sum.contrast / n};
}

double ms_ssim_of(Plane a, Plane b) {
  double out = 1;
  for (std::size_t scale = 0; scale < kScaleWeights.size(); ++scale) {
    const Similarity s = similarity(a, b);
    const bool last = scale + 1 == kScaleWeights.size();
    out *= std::pow(std::max(0.0, last ? s.whole : s.contrast), kScaleWeights[scale]);
    if (last) break;
    a = halved(a);
    b = halved(b);
  }
  return out;
}

}  // namespace

double psnr(const Picture& reference, const Picture& picture) {
  check_internal(reference.size == picture.size, "pictures to compare must have one size");
  double square = 0;
  for (std::size_t i = 0; i < reference.samples.size(); ++i) {
    const double d = static_cast<double>(reference.samples[i]) - picture.samples[i];
    square += d * d;
  }
  return 10 * std::log10(255.0 * 255.0 * static_cast<double>(reference.samples.size()) / square);
}

double ms_ssim(const Picture& reference, const Picture& picture) {
  constexpr std::int64_t kSmallest = kWindow << (kScaleWeights.size() - 1);
  check_internal(reference.size == picture.size && picture.size.width >= kSmallest &&
                     picture.size.height >= kSmallest,
                 "MS-SSIM needs two pictures of one size, 176 px a side or more");
  double sum = 0;
  for (std::size_t c = 0; c < kChannels; ++c)
    sum += ms_ssim_of(channel_plane(reference, c), channel_plane(picture, c));
  return sum / static_cast<double>(kChannels);
}

}  // namespace histoloom::evaluate
