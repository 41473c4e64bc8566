#include "reconstruction_loss.h"

#include <cmath>
#include <numbers>

#include "crops.h"

namespace histoloom {

namespace {

constexpr double kGradientWeight = 0.5;
constexpr double kSpectrumWeight = 0.01;

// What rounding to 8 bits alone has in a band.
constexpr double kPowerFloor = 1.3e-6;

constexpr std::int64_t kBorder = 16;  // px

// Rounding to 8 bits alone.
constexpr double kDetailFloor = 1e-3;

// The difference between every pixel within the border and the mean of its eight neighbours, by the
// pixel's place in a cell of 8 x 8: [B·3, cells, 64].
at::Tensor detail_by_place(const at::Tensor& images) {
  const at::Tensor inside =
      images.slice(2, kBorder - 1, 1 - kBorder).slice(3, kBorder - 1, 1 - kBorder);
  at::Tensor kernel = at::full({1, 1, 3, 3}, -0.125);
  kernel[0][0][1][1] = 1;
  const at::Tensor detail =
      at::conv2d(inside.reshape({-1, 1, inside.size(2), inside.size(3)}), kernel);
  return at::pixel_unshuffle(detail, 8).flatten(2).transpose(1, 2);
}

at::Tensor gradient_error(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor d = a - b;
  return (d.slice(3, 1) - d.slice(3, 0, -1)).abs().mean() +
         (d.slice(2, 1) - d.slice(2, 0, -1)).abs().mean();
}

}  // namespace

at::Tensor dct_patterns() {
  at::Tensor basis = at::empty({8, 8});
  auto b = basis.accessor<float, 2>();
  for (int k = 0; k < 8; ++k)
    for (int x = 0; x < 8; ++x)
      b[k][x] = static_cast<float>((k == 0 ? std::sqrt(0.125) : 0.5) *
                                   std::cos((x + 0.5) * k * std::numbers::pi / 8));
  return at::einsum("ux,vy->uvxy", {basis, basis}).reshape({64, 1, 8, 8});
}

at::Tensor band_power(const at::Tensor& image, const at::Tensor& patterns, PowerMean mean) {
  const at::Tensor planes = image.reshape({-1, 1, image.size(2), image.size(3)});
  const at::Tensor power = at::conv2d(planes, patterns, {}, 8).square();
  if (mean == PowerMean::arithmetic) return power.mean({2, 3});
  return at::log(power + kPowerFloor).mean({2, 3}).exp();
}

at::Tensor log_power_error(const at::Tensor& a, const at::Tensor& b) {
  return (at::log(a + kPowerFloor) - at::log(b + kPowerFloor)).abs();
}

at::Tensor without_border(const at::Tensor& images) {
  return images.slice(2, kBorder, -kBorder).slice(3, kBorder, -kBorder);
}

at::Tensor reconstruction_loss(const at::Tensor& back, const at::Tensor& image,
                               const at::Tensor& patterns, PowerMean mean) {
  const auto power = [&](const at::Tensor& t) {
    return band_power(without_border(t), patterns, mean);
  };
  return (back - image).abs().mean() + kGradientWeight * gradient_error(back, image) +
         kSpectrumWeight * log_power_error(power(back), power(image)).mean();
}

at::Tensor place_error(const at::Tensor& back, const at::Tensor& image) {
  const at::Tensor a = detail_by_place(back), b = detail_by_place(image);
  const auto size_of = [](const at::Tensor& t) {
    return (t.square().mean(1) + kDetailFloor * kDetailFloor).sqrt();
  };
  const at::Tensor size_a = size_of(a), size_b = size_of(b);
  // Over that of all places: how much detail there is, is for the bands to say.
  const auto relative = [](const at::Tensor& size) {
    return size.log() - size.log().mean(1, /*keepdim=*/true);
  };
  return ((relative(size_a) - relative(size_b)).abs() + (a.mean(1) - b.mean(1)).abs() / size_b)
      .mean();
}

at::Tensor halved(const at::Tensor& t, int orientation) {
  return orient(at::avg_pool2d(t, 2), orientation).contiguous();
}

}  // namespace histoloom
