#include "latent_sampler.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "cell_colours.h"
#include "crops.h"
#include "turn.h"

namespace histoloom {

namespace {

// A rectangle of a picture, from -1 (black) to 1 (white).
at::Tensor part_of(const at::Tensor& picture, const PixelRect& rect) {
  const at::Tensor part =
      picture.narrow(1, rect.y0, rect.height()).narrow(2, rect.x0, rect.width());
  return 2 * part.to(at::kFloat) - 1;
}

// Pixels `begin` to `end` of a line of `length`, beyond whose ends lies its mirror image, again and
// again.
at::Tensor mirrored_line(std::int64_t begin, std::int64_t end, std::int64_t length) {
  const at::Tensor at = at::remainder(at::arange(begin, end), 2 * length);
  return at::minimum(at, 2 * length - 1 - at);
}

// part_of() for a rectangle that may reach beyond the picture, whose mirror image lies there.
at::Tensor mirrored_part_of(const at::Tensor& picture, const PixelRect& rect) {
  const at::Tensor part = picture.index_select(1, mirrored_line(rect.y0, rect.y1, picture.size(1)))
                              .index_select(2, mirrored_line(rect.x0, rect.x1, picture.size(2)));
  return 2 * part.to(at::kFloat) - 1;
}

}  // namespace

std::int64_t TrainingContext::reach(int patch) const {
  double reach = 0;
  for (const ContextView& view : spec.views) {
    const double sample = pixels_a_cell * view.extent / view.detail;
    reach = std::max(reach, pixels_a_cell * patch * (view.extent - 1) / 2 + std::max(1.0, sample));
  }
  return static_cast<std::int64_t>(std::ceil(reach)) + 1;
}

LatentSampler::LatentSampler(std::vector<CachedLatents> cache, int patch, LabelId unknown,
                             std::optional<TrainingContext> context)
    : cache_(std::move(cache)), patch_(patch), context_(std::move(context)) {
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

ContextPlace LatentSampler::place_of(std::int64_t x, std::int64_t y) const {
  const double cell = context_->pixels_a_cell;
  return {static_cast<double>(x) * cell, static_cast<double>(y) * cell, cell};
}

at::Tensor LatentSampler::draw_context(const at::Tensor& picture, std::int64_t x,
                                       std::int64_t y) const {
  const ContextSpec& spec = context_->spec;
  const double noise = at::rand({1}).item<double>() * spec.most_noise;
  at::Tensor out = at::empty({context_channels(spec), patch_, patch_});
  // Most images are hardly larger than a patch. A slide goes on where its views end, so that tissue
  // is shown there too.
  const std::int64_t reach = context_->reach(patch_);
  const auto read = [&](const PixelRect& rect, float* to) {
    const at::Tensor part = mirrored_part_of(
        picture, {rect.x0 - reach, rect.y0 - reach, rect.x1 - reach, rect.y1 - reach});
    at::from_blob(to, part.sizes()).copy_(part + noise * at::randn_like(part));
  };
  ContextPlace place = place_of(x, y);
  place.x += static_cast<double>(reach);
  place.y += static_cast<double>(reach);
  fill_context(spec, {picture.size(2) + 2 * reach, picture.size(1) + 2 * reach}, read, place,
               patch_, noise, out.data_ptr<float>());
  return out;
}

std::vector<float> LatentSampler::fit_colours() const {
  ColourFit fit(cache_.front().latents.size(0));
  at::Tensor colours = at::empty({3, patch_, patch_});
  for (const CachedLatents& image : cache_) {
    const auto read = [&](const PixelRect& rect, float* to) {
      const at::Tensor part = part_of(image.picture, rect);
      at::from_blob(to, part.sizes()).copy_(part);
    };
    // Whole patches: what is left at the right and lower border says nothing new.
    for (std::int64_t y = 0; y + patch_ <= image.labels.size(0); y += patch_)
      for (std::int64_t x = 0; x + patch_ <= image.labels.size(1); x += patch_) {
        fill_colours({image.picture.size(2), image.picture.size(1)}, read, place_of(x, y), patch_,
                     colours.data_ptr<float>());
        fit.add(image.latents.narrow(1, y, patch_).narrow(2, x, patch_), colours);
      }
  }
  return values_of(fit.solve());
}

void LatentSampler::draw_one(std::size_t image, std::int64_t cell, bool keep_labels,
                             bool keep_context, Parts& parts) const {
  const CachedLatents& source = cache_[image];
  const std::int64_t h = source.labels.size(0), w = source.labels.size(1);
  // The cell may lie anywhere in the patch.
  const std::int64_t y = std::clamp<std::int64_t>(cell / w - random_below(patch_), 0, h - patch_);
  const std::int64_t x = std::clamp<std::int64_t>(cell % w - random_below(patch_), 0, w - patch_);
  parts.latents.push_back(source.latents.narrow(1, y, patch_).narrow(2, x, patch_));
  const at::Tensor ids = source.labels.narrow(0, y, patch_).narrow(1, x, patch_);
  parts.labels.push_back(keep_labels ? ids : at::zeros_like(ids));
  if (!context_) return;
  parts.context.push_back(keep_context
                              ? draw_context(source.picture, x, y)
                              : at::zeros({context_channels(context_->spec), patch_, patch_}));
}

LatentBatch LatentSampler::draw(int batch, double unconditional) const {
  Parts parts;
  for (int i = 0; i < batch; ++i) {
    const bool context = context_ && at::rand({1}).item<double>() >= unconditional;
    if (at::rand({1}).item<double>() < unconditional || holders_.empty()) {
      const auto image = static_cast<std::size_t>(at::multinomial(areas_, 1).item<std::int64_t>());
      draw_one(image, random_below(cache_[image].labels.numel()), false, context, parts);
      continue;
    }
    const auto label = at::multinomial(shares_, 1).item<std::int64_t>();
    const Holder& holder = holders_[static_cast<std::size_t>(label)];
    const auto pick = at::multinomial(at::tensor(holder.weights), 1).item<std::int64_t>();
    const std::size_t image = holder.images[static_cast<std::size_t>(pick)];
    const at::Tensor places = at::nonzero(cache_[image].labels.flatten() == holder.label);
    draw_one(image, places[random_below(places.size(0))][0].item<std::int64_t>(), true, context,
             parts);
  }
  return {at::stack(parts.latents).to(at::kFloat), at::stack(parts.labels),
          context_ ? at::stack(parts.context) : at::Tensor()};
}

namespace {

// Pixels of the stage along one of the coarser stage that it sees; 0: it sees none.
double shrink_to_coarser(const ModelBundle& bundle) {
  return bundle.context ? bundle.stages.back().mpp / bundle.mpp : 0;
}

}  // namespace

LatentOptions latent_options(const TrainOptions& options, const ModelBundle& bundle) {
  return {options.latents, options.augment, options.seed, shrink_to_coarser(bundle)};
}

ImagesOfTraining images_for_denoiser(const TrainOptions& options, const ModelBundle& whole,
                                     const ModelBundle& bundle) {
  const std::int64_t side = std::int64_t{bundle.patch} * bundle.latent.downsampling;
  ImagesOfTraining out = read_training_images(options, whole, bundle, side);
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
    LatentOptions how = latent_options(options, bundle);
    how.augment = augment;
    std::optional<TrainingContext> context;
    if (bundle.context) context = {*bundle.context, bundle.latent.downsampling / how.shrink};
    return LatentSampler(latents_of(bundle, of, how, progress), bundle.patch,
                         images.labels.unknown(), std::move(context));
  };
  out.training.emplace(sampler(images.training, options.augment));
  if (!images.held_out.empty()) out.held_out.emplace(sampler(images.held_out, 0));
  return out;
}

}  // namespace histoloom
