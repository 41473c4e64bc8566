#include "crops.h"

#include <fmt/format.h>

#include "histoloom/core/error.h"

namespace histoloom {

at::Tensor orient(const at::Tensor& t, int orientation) {
  at::Tensor out = t;
  if (orientation & 1) out = out.flip({-1});
  if (orientation & 2) out = out.flip({-2});
  if (orientation & 4) out = out.transpose(-1, -2);
  return out;
}

at::Tensor image_tensor(const TrainingImage& image, int factor) {
  const std::int64_t h = image.size.height, w = image.size.width;
  return at::from_blob(const_cast<std::uint8_t*>(image.pixels.data()), {h, w, 3}, at::kByte)
      .narrow(0, 0, h / factor * factor)
      .narrow(1, 0, w / factor * factor)
      .permute({2, 0, 1})
      .contiguous();
}

void require_side(const std::vector<TrainingImage>& images, std::int64_t side, const char* what) {
  for (const TrainingImage& image : images) {
    if (image.size.width < side || image.size.height < side)
      throw UserError(fmt::format("training {} '{}' is {}x{} px, at least {} a side are needed",
                                  what, image.name, image.size.width, image.size.height, side));
  }
}

at::Tensor label_tensor(const TrainingImage& image, int factor) {
  const CellSize cells = latent_size_for(image.size, factor);
  check_internal(static_cast<std::int64_t>(image.labels.size()) == cells.area(),
                 "labels in cells of another size");
  return at::from_blob(const_cast<LabelId*>(image.labels.data()), {cells.height, cells.width},
                       at::kByte)
      .narrow(0, 0, image.size.height / factor)
      .narrow(1, 0, image.size.width / factor)
      .to(at::kLong);
}

at::Tensor unit_range(const at::Tensor& bytes) { return bytes.to(at::kFloat) / 255.0; }

std::int64_t random_below(std::int64_t n) {
  return at::randint(n, {1}, at::kLong).item<std::int64_t>();
}

}  // namespace histoloom
