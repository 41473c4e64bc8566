#include "turn.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "crops.h"

namespace histoloom {

namespace {

// Modes of at::grid_sampler.
constexpr int kNearest = 1, kBicubic = 2, kReflection = 2;

TrainingImage turned_copy(const TrainingImage& image, double angle, CellSize cells, int factor) {
  TrainingImage out;
  out.name = fmt::format("{}, turned by {:g} degrees", image.name, angle * 180 / std::numbers::pi);
  out.labelled = image.labelled;
  out.size = {cells.width * factor, cells.height * factor};
  TurnedFrame frame{static_cast<double>(image.size.height) / 2,
                    static_cast<double>(image.size.width) / 2,
                    out.size.height,
                    out.size.width,
                    angle,
                    false};
  const at::Tensor pixels = cut_turned(image_tensor(image, 1), frame, Interpolation::bicubic)
                                .round()
                                .clamp(0, 255)
                                .to(at::kByte)
                                .permute({1, 2, 0})
                                .contiguous();
  out.pixels.assign(pixels.data_ptr<std::uint8_t>(),
                    pixels.data_ptr<std::uint8_t>() + pixels.numel());
  frame.y /= factor;
  frame.x /= factor;
  frame.height = cells.height;
  frame.width = cells.width;
  const at::Tensor labels =
      cut_turned(label_tensor(image, factor).unsqueeze(0), frame, Interpolation::nearest)
          .to(at::kByte)
          .contiguous();
  out.labels.assign(labels.data_ptr<std::uint8_t>(),
                    labels.data_ptr<std::uint8_t>() + labels.numel());
  return out;
}

}  // namespace

at::Tensor cut_turned(const at::Tensor& planes, const TurnedFrame& frame, Interpolation how) {
  const auto centred = [](std::int64_t n) {
    return at::arange(n, at::kDouble) - static_cast<double>(n - 1) / 2;
  };
  const at::Tensor steps = centred(frame.width);
  const at::Tensor across = (frame.mirrored ? -steps : steps).unsqueeze(0);
  const at::Tensor down = centred(frame.height).unsqueeze(1);
  const double c = std::cos(frame.angle), s = std::sin(frame.angle);
  // grid_sampler counts from −1 to 1, from border to border.
  const at::Tensor u =
      (c * across - s * down + frame.x) * (2 / static_cast<double>(planes.size(2))) - 1;
  const at::Tensor v =
      (s * across + c * down + frame.y) * (2 / static_cast<double>(planes.size(1))) - 1;
  return at::grid_sampler(planes.to(at::kDouble).unsqueeze(0), at::stack({u, v}, -1).unsqueeze(0),
                          how == Interpolation::nearest ? kNearest : kBicubic, kReflection,
                          /*align_corners=*/false)
      .squeeze(0);
}

Extent largest_upright(PixelSize size, double angle) {
  const auto w = static_cast<double>(size.width), h = static_cast<double>(size.height);
  const double c = std::cos(angle), s = std::sin(angle);
  const double small = std::min(w, h), large = std::max(w, h);
  if (small <= 2 * s * c * large) {
    // Two corners touch the long sides, the others lie on the middle between them.
    return w >= h ? Extent{small / (2 * s), small / (2 * c)}
                  : Extent{small / (2 * c), small / (2 * s)};
  }
  const double cos2 = c * c - s * s;
  return {(w * c - h * s) / cos2, (h * c - w * s) / cos2};
}

std::vector<TrainingImage> turned_copies(const std::vector<TrainingImage>& images, int turns,
                                         int factor, std::int64_t side) {
  std::vector<TrainingImage> out;
  for (const TrainingImage& image : images) {
    for (int k = 1; k < turns; ++k) {
      const double angle = std::numbers::pi / 2 * k / turns;
      const Extent extent = largest_upright(image.size, angle);
      const CellSize cells{static_cast<std::int64_t>(extent.width) / factor,
                           static_cast<std::int64_t>(extent.height) / factor};
      if (std::min(cells.width, cells.height) * factor < side) continue;
      out.push_back(turned_copy(image, angle, cells, factor));
    }
  }
  return out;
}

}  // namespace histoloom
