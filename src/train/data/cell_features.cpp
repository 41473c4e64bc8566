#include "cell_features.h"

#include "crops.h"

namespace histoloom {

namespace {

// Absolute differences to the right and the lower neighbour, summed.
at::Tensor edges(const at::Tensor& t) {
  const at::Tensor dx = at::pad(t.diff(1, -1).abs(), {0, 1});
  const at::Tensor dy = at::pad(t.diff(1, -2).abs(), {0, 0, 0, 1});
  return dx + dy;
}

at::Tensor deviation(const at::Tensor& mean_square, const at::Tensor& mean) {
  return (mean_square - mean.square()).clamp_min(0).sqrt();
}

}  // namespace

at::Tensor box_mean(const at::Tensor& t, int side) {
  return at::avg_pool2d(t.unsqueeze(0), side, 1, side / 2, false, /*count_include_pad=*/false)
      .squeeze(0);
}

at::Tensor cell_features(const TrainingImage& image, int factor) {
  const at::Tensor pixels = image_tensor(image, factor).to(at::kFloat);
  const at::Tensor density = -((pixels + 1) / 256).log();
  const auto per_cell = [factor](const at::Tensor& t) {
    return at::avg_pool2d(t.unsqueeze(0), factor).squeeze(0);
  };
  const at::Tensor mean = per_cell(density);
  const at::Tensor own = at::cat({mean, deviation(per_cell(density.square()), mean),
                                  per_cell(edges(density.mean(0, /*keepdim=*/true)))});
  const at::Tensor grey = mean.mean(0, /*keepdim=*/true);
  return at::cat({own, box_mean(own, 3), box_mean(own, 7),
                  deviation(box_mean(grey.square(), 7), box_mean(grey, 7))});
}

}  // namespace histoloom
