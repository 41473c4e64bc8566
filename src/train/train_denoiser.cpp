#include <fmt/format.h>
#include <torch/torch.h>

#include <array>
#include <cmath>
#include <optional>

#include "crops.h"
#include "diffusion_loss.h"
#include "histoloom/core/error.h"
#include "histoloom/diffusion/schedule.h"
#include "histoloom/model/bundle.h"
#include "histoloom/model/safetensors.h"
#include "histoloom/train/train.h"
#include "latent_cache.h"
#include "loop.h"
#include "paint_samples.h"

namespace histoloom {

namespace {

struct Batch {
  at::Tensor latents;  // float32 [B, C, p, p]
  at::Tensor labels;   // int64 [B, p, p]
};

// Draws patches: without a condition from all images, else around a cell of a label that was drawn
// first, so that rare labels are seen as often as common ones.
class LatentSampler {
 public:
  LatentSampler(std::vector<CachedLatents> cache, int patch, LabelId unknown);
  Batch draw(int batch, double unconditional) const;

 private:
  struct Holder {
    std::int64_t label = 0;
    std::vector<std::size_t> images;  // that hold the label
    std::vector<float> weights;       // how likely each is drawn
  };
  void draw_one(std::size_t image, std::int64_t cell, std::vector<at::Tensor>& latents,
                std::vector<at::Tensor>& labels, bool keep_labels) const;

  std::vector<CachedLatents> cache_;
  std::vector<Holder> holders_;  // by label
  at::Tensor areas_;
  int patch_;
};

LatentSampler::LatentSampler(std::vector<CachedLatents> cache, int patch, LabelId unknown)
    : cache_(std::move(cache)), patch_(patch) {
  std::vector<float> areas;
  std::array<Holder, 256> all;
  for (std::size_t i = 0; i < cache_.size(); ++i) {
    areas.push_back(static_cast<float>(cache_[i].labels.numel()));
    const at::Tensor counts = at::bincount(cache_[i].labels.flatten(), {}, 256);
    for (std::int64_t id = 0; id < 256; ++id) {
      const auto count = counts[id].item<std::int64_t>();
      if (count == 0 || id == unknown) continue;
      Holder& holder = all[static_cast<std::size_t>(id)];
      holder.label = id;
      holder.images.push_back(i);
      // The square root lets images with few cells of a label be seen too.
      holder.weights.push_back(std::sqrt(static_cast<float>(count)));
    }
  }
  for (Holder& holder : all)
    if (!holder.images.empty()) holders_.push_back(std::move(holder));
  areas_ = torch::tensor(areas);
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

Batch LatentSampler::draw(int batch, double unconditional) const {
  std::vector<at::Tensor> latents, labels;
  for (int i = 0; i < batch; ++i) {
    if (at::rand({1}).item<double>() < unconditional || holders_.empty()) {
      const auto image = static_cast<std::size_t>(at::multinomial(areas_, 1).item<std::int64_t>());
      draw_one(image, random_below(cache_[image].labels.numel()), latents, labels, false);
      continue;
    }
    const Holder& holder = holders_[static_cast<std::size_t>(
        random_below(static_cast<std::int64_t>(holders_.size())))];
    const auto pick = at::multinomial(torch::tensor(holder.weights), 1).item<std::int64_t>();
    const std::size_t image = holder.images[static_cast<std::size_t>(pick)];
    const at::Tensor places = at::nonzero(cache_[image].labels.flatten() == holder.label);
    draw_one(image, places[random_below(places.size(0))][0].item<std::int64_t>(), latents, labels,
             true);
  }
  return {at::stack(latents).to(at::kFloat), at::stack(labels)};
}

// The images, each large enough for a patch; those that are held out, where that is asked for.
std::vector<TrainingImage> read_images(const TrainOptions& options, const ModelBundle& bundle,
                                       const LabelSet& labels, bool held_out) {
  ImageSetOptions set = options.data;
  set.held_out = held_out;
  std::vector<TrainingImage> images = read_image_set(set, labels);
  require_side(images, std::int64_t{bundle.patch} * bundle.downsampling, "image");
  return images;
}

// What the network learns from and what it is measured on, the stain of all matched to that of the
// labelled images that it learns from.
struct Samplers {
  std::optional<LatentSampler> training, held_out;
};

Samplers make_samplers(const TrainOptions& options, const ModelBundle& bundle,
                       const LabelSet& labels, Progress& progress) {
  std::vector<TrainingImage> images = read_images(options, bundle, labels, false), held_out;
  if (options.data.held_out_every > 0) held_out = read_images(options, bundle, labels, true);
  const int factor = bundle.downsampling;
  match_stain(held_out, images, factor);
  match_stain(images, images, factor);
  Samplers out;
  const auto sampler = [&](const std::vector<TrainingImage>& of, double augment) {
    const LatentOptions how{options.latents, augment, options.seed};
    return LatentSampler(latents_of(bundle, of, how, progress), bundle.patch, labels.unknown());
  };
  out.training.emplace(sampler(images, options.augment));
  if (!held_out.empty()) out.held_out.emplace(sampler(held_out, 0));
  return out;
}

// Paints patches under label maps, to look at.
class PatchPainter {
 public:
  PatchPainter(const ModelBundle& bundle, Denoiser& denoiser)
      : bundle_(bundle),
        denoiser_(denoiser),
        schedule_(NoiseSchedule::of(bundle.schedule)),
        autoencoder_(load_autoencoder(bundle, DType::float32)) {}

  std::vector<SampleRow> paint_under(const Batch& data) const {
    const auto predict = [&](const at::Tensor& x, const at::Tensor& time) {
      return denoiser_.predict(x, time, data.labels);
    };
    const at::Tensor z =
        paint(predict, at::randn_like(data.latents), schedule_, bundle_.prediction, bundle_.clip);
    return {
        {fmt::format("painted from noise in {} steps, without guidance", kSampleSteps),
         pictures_of(decode(z))},
        {"the patches whose labels they were painted under", pictures_of(decode(data.latents))}};
  }

 private:
  at::Tensor decode(const at::Tensor& z) const {
    const auto channels = [](const std::vector<float>& v) {
      return torch::tensor(v).view({1, -1, 1, 1});
    };
    return autoencoder_->decode(z * channels(bundle_.latent_deviation) +
                                channels(bundle_.latent_mean));
  }

  const ModelBundle& bundle_;
  Denoiser& denoiser_;
  NoiseSchedule schedule_;
  std::unique_ptr<Autoencoder> autoencoder_;
};

}  // namespace

TrainingSummary train_denoiser(const TrainOptions& options, Progress& progress) {
  validate(options);
  use_threads(options.threads);
  const std::string where = (options.model / "model.json").string();
  const ModelBundle bundle = ModelBundle::read(options.model);
  const LabelSet labels = LabelSet::parse(bundle.labels_json, where);
  torch::manual_seed(options.seed);  // before the network draws its first weights
  auto network = make_denoiser(bundle.denoiser.architecture, bundle.denoiser.config_json, where);
  if (std::filesystem::exists(bundle.denoiser.weights))
    load_parameters(network->parameters(), bundle.denoiser.weights);
  const Samplers samplers = make_samplers(options, bundle, labels, progress);
  const at::Tensor signal = signal_of(NoiseSchedule::of(bundle.schedule));

  network->set_training_dtype(options.dtype);
  TrainingLoop loop("denoiser", network->parameters(), options, bundle.denoiser.weights);
  const int batch = options.batch > 0 ? options.batch : 32;
  const auto loss_on = [&](const LatentSampler& sampler) {
    const Batch data = sampler.draw(batch, options.unconditional);
    const NoisyBatch noisy = add_noise(data.latents, signal, bundle.prediction);
    return (network->predict(noisy.x, noisy.time, data.labels) - noisy.target).square().mean();
  };
  Losses losses;
  losses.training = [&] { return loss_on(*samplers.training); };
  if (samplers.held_out) losses.held_out = [&] { return loss_on(*samplers.held_out); };
  const PatchPainter painter(bundle, *network);
  const LatentSampler& shown = samplers.held_out ? *samplers.held_out : *samplers.training;
  losses.samples = [&] { return painter.paint_under(shown.draw(kSamples, 0)); };
  return loop.run(losses, progress);
}

}  // namespace histoloom
