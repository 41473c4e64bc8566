#include "latent_sampler.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "crops.h"
#include "turn.h"

namespace histoloom {

LatentSampler::LatentSampler(std::vector<CachedLatents> cache, int patch, LabelId unknown)
    : cache_(std::move(cache)), patch_(patch) {
  std::vector<float> areas;
  std::array<Holder, 256> all;
  for (std::size_t i = 0; i < cache_.size(); ++i) {
    if (unknown != 0)
      cache_[i].labels = cache_[i].labels.masked_fill(cache_[i].labels == unknown, 0);
    areas.push_back(static_cast<float>(cache_[i].labels.numel()));
    const at::Tensor counts = at::bincount(cache_[i].labels.flatten(), {}, 256);
    for (std::int64_t id = 1; id < 256; ++id) {
      const auto count = counts[id].item<std::int64_t>();
      if (count == 0) continue;
      Holder& holder = all[static_cast<std::size_t>(id)];
      holder.label = id;
      holder.cells += count;
      holder.images.push_back(i);
      // The square root lets images with few cells of a label be seen too.
      holder.weights.push_back(std::sqrt(static_cast<float>(count)));
    }
  }
  // Square roots again, between as often as it occurs and as often as any: few patches of a rare
  // label, shown too often, are learnt by heart.
  std::vector<float> shares;
  for (Holder& holder : all) {
    if (holder.images.empty()) continue;
    shares.push_back(std::sqrt(static_cast<float>(holder.cells)));
    holders_.push_back(std::move(holder));
  }
  shares_ = at::tensor(shares);
  areas_ = at::tensor(areas);
}

void LatentSampler::draw_one(std::size_t image, std::int64_t cell, std::vector<at::Tensor>& latents,
                             std::vector<at::Tensor>& labels, bool keep_labels) const {
  const CachedLatents& source = cache_[image];
  const std::int64_t h = source.labels.size(0), w = source.labels.size(1);
  // The cell may lie anywhere in the patch.
  const std::int64_t y = std::clamp<std::int64_t>(cell / w - random_below(patch_), 0, h - patch_);
  const std::int64_t x = std::clamp<std::int64_t>(cell % w - random_below(patch_), 0, w - patch_);
  latents.push_back(source.latents.narrow(1, y, patch_).narrow(2, x, patch_));
  const at::Tensor ids = source.labels.narrow(0, y, patch_).narrow(1, x, patch_);
  labels.push_back(keep_labels ? ids : at::zeros_like(ids));
}

LatentBatch LatentSampler::draw(int batch, double unconditional) const {
  std::vector<at::Tensor> latents, labels;
  for (int i = 0; i < batch; ++i) {
    if (at::rand({1}).item<double>() < unconditional || holders_.empty()) {
      const auto image = static_cast<std::size_t>(at::multinomial(areas_, 1).item<std::int64_t>());
      draw_one(image, random_below(cache_[image].labels.numel()), latents, labels, false);
      continue;
    }
    const auto label = at::multinomial(shares_, 1).item<std::int64_t>();
    const Holder& holder = holders_[static_cast<std::size_t>(label)];
    const auto pick = at::multinomial(at::tensor(holder.weights), 1).item<std::int64_t>();
    const std::size_t image = holder.images[static_cast<std::size_t>(pick)];
    const at::Tensor places = at::nonzero(cache_[image].labels.flatten() == holder.label);
    draw_one(image, places[random_below(places.size(0))][0].item<std::int64_t>(), latents, labels,
             true);
  }
  return {at::stack(latents).to(at::kFloat), at::stack(labels)};
}

ImagesOfTraining images_for_denoiser(const TrainOptions& options, const ModelBundle& bundle) {
  ImagesOfTraining out = read_training_images(
      options, bundle, std::int64_t{bundle.patch} * bundle.latent.downsampling);
  match_stain(out.held_out, out.training, bundle.latent.downsampling);
  match_stain(out.training, out.training, bundle.latent.downsampling);
  return out;
}

LatentSamplers encode_images(ImagesOfTraining images, const TrainOptions& options,
                             const ModelBundle& bundle, Progress& progress) {
  const int factor = bundle.latent.downsampling;
  std::vector<TrainingImage> copies =
      turned_copies(images.training, options.turns, factor, std::int64_t{bundle.patch} * factor);
  std::move(copies.begin(), copies.end(), std::back_inserter(images.training));
  LatentSamplers out;
  const auto sampler = [&](const std::vector<TrainingImage>& of, double augment) {
    const LatentOptions how{options.latents, augment, options.seed};
    return LatentSampler(latents_of(bundle, of, how, progress), bundle.patch,
                         images.labels.unknown());
  };
  out.training.emplace(sampler(images.training, options.augment));
  if (!images.held_out.empty()) out.held_out.emplace(sampler(images.held_out, 0));
  return out;
}

}  // namespace histoloom
