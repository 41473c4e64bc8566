#include "sample_pictures.h"

namespace histoloom {

at::Tensor sample_x0(
    const std::function<at::Tensor(const at::Tensor& x, const at::Tensor& time)>& predict,
    const at::Tensor& noise, const NoiseSchedule& schedule, Prediction prediction,
    std::optional<double> clip, int steps) {
  at::NoGradGuard no_grad;
  at::Tensor x = noise;
  const std::vector<int> times = schedule.times(steps);
  for (std::size_t i = 0; i + 1 < times.size(); ++i) {
    const double alpha = schedule.alpha(times[i]), sigma = schedule.sigma(times[i]);
    const at::Tensor time = at::full({noise.size(0)}, times[i], at::kFloat);
    at::Tensor x0 = clean_of(prediction, x, predict(x, time), alpha, sigma);
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
