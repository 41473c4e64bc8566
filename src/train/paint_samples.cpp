#include "paint_samples.h"

namespace histoloom {

namespace {

at::Tensor clean_latents(const at::Tensor& x, const at::Tensor& out, Prediction prediction,
                         double alpha, double sigma) {
  switch (prediction) {
    case Prediction::v:
      return alpha * x - sigma * out;
    case Prediction::epsilon:
      return (x - sigma * out) / alpha;
    case Prediction::x0:
      break;
  }
  return out;
}

}  // namespace

at::Tensor paint(
    const std::function<at::Tensor(const at::Tensor& x, const at::Tensor& time)>& predict,
    const at::Tensor& noise, const NoiseSchedule& schedule, Prediction prediction,
    std::optional<double> clip, int steps) {
  torch::NoGradGuard no_grad;
  at::Tensor x = noise;
  const std::vector<int> times = schedule.times(steps);
  for (std::size_t i = 0; i + 1 < times.size(); ++i) {
    const double alpha = schedule.alpha(times[i]), sigma = schedule.sigma(times[i]);
    const at::Tensor time = at::full({noise.size(0)}, times[i], at::kFloat);
    at::Tensor x0 = clean_latents(x, predict(x, time), prediction, alpha, sigma);
    if (clip) x0 = x0.clamp(-*clip, *clip);
    const at::Tensor epsilon = (x - alpha * x0) / sigma;
    x = schedule.alpha(times[i + 1]) * x0 + schedule.sigma(times[i + 1]) * epsilon;
  }
  return x;
}

std::vector<Picture> pictures_of(const at::Tensor& images) {
  std::vector<Picture> out;
  for (const at::Tensor& image : images.unbind(0)) {
    const at::Tensor bytes =
        (image.clamp(0, 1) * 255).round().to(at::kByte).permute({1, 2, 0}).contiguous();
    const auto* first = bytes.data_ptr<std::uint8_t>();
    out.push_back({{bytes.size(1), bytes.size(0)}, {first, first + bytes.numel()}});
  }
  return out;
}

}  // namespace histoloom
