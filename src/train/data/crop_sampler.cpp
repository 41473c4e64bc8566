#include "crop_sampler.h"

#include "crops.h"
#include "stain.h"

namespace histoloom {

CropSampler::CropSampler(const std::vector<TrainingImage>& images, int factor) {
  std::vector<float> sizes;
  for (const TrainingImage& image : images) {
    images_.push_back(image_tensor(image, factor));
    sizes.push_back(static_cast<float>(images_.back().numel()));
  }
  areas_ = at::tensor(sizes);
}

at::Tensor CropSampler::draw(int batch, double augment) const {
  const at::Tensor picks = at::multinomial(areas_, batch, /*replacement=*/true);
  std::vector<at::Tensor> crops;
  for (int i = 0; i < batch; ++i) {
    const at::Tensor& image = images_[static_cast<std::size_t>(picks[i].item<std::int64_t>())];
    const std::int64_t y = random_below(image.size(1) - kCrop + 1);
    const std::int64_t x = random_below(image.size(2) - kCrop + 1);
    const int orientation = static_cast<int>(random_below(8));
    const at::Tensor crop =
        unit_range(orient(image.narrow(1, y, kCrop).narrow(2, x, kCrop), orientation));
    crops.push_back(augment > 0 ? change_stain(crop, draw_stain_change(augment)) : crop);
  }
  return at::stack(crops);
}

}  // namespace histoloom
