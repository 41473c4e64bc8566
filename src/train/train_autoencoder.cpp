#include <fmt/format.h>
#include <torch/torch.h>

#include <cmath>
#include <numbers>
#include <optional>

#include "crop_sampler.h"
#include "crops.h"
#include "histoloom/core/error.h"
#include "histoloom/model/bundle.h"
#include "histoloom/model/safetensors.h"
#include "histoloom/train/train.h"
#include "loop.h"
#include "paint_samples.h"
#include "reconstruction_loss.h"

namespace histoloom {

namespace {

constexpr double kDivergenceWeight = 1e-4;
constexpr double kKeptLatentsWeight = 0.1;
constexpr double kEquivarianceWeight = 0.25;

// Bands of [N, 64] in which both frequencies are at most half of Nyquist's, without the mean.
at::Tensor coarse_bands(const at::Tensor& bands) {
  return bands.view({-1, 8, 8}).narrow(1, 0, 5).narrow(2, 0, 5).flatten(1).slice(1, 1);
}

AutoencoderReport measure(Autoencoder& network, const std::vector<at::Tensor>& images) {
  torch::NoGradGuard no_grad;
  const at::Tensor patterns = dct_patterns();
  AutoencoderReport report;
  at::Tensor before = torch::zeros({1, 64}), after = torch::zeros({1, 64});
  for (const at::Tensor& bytes : images) {
    const at::Tensor image = unit_range(bytes).unsqueeze(0);
    const at::Tensor back = network.decode(network.encode(image)).clamp(0, 1);
    report.psnr += -10 * std::log10((back - image).square().mean().item<double>());
    before += band_power(without_border(image), patterns).mean(0);
    after += band_power(without_border(back), patterns).mean(0);
  }
  const auto n = static_cast<double>(images.size());
  report.psnr /= n;
  report.power_ratio_db =
      log_power_error(coarse_bands(after / n), coarse_bands(before / n)).max().item<double>() * 10 /
      std::numbers::ln10;
  return report;
}

// What holds the first latents where another autoencoder has them, so that a denoiser which was
// trained on those can go on.
class KeptLatents {
 public:
  explicit KeptLatents(const ModelBundle& bundle)
      : channels_(bundle.latent_channels),
        deviation_(torch::tensor(bundle.latent_deviation).view({1, channels_, 1, 1})),
        network_(load_autoencoder(bundle, DType::float32)) {}

  // The mean square distance of latents [B, C, h, w] from those of the images, in deviations.
  at::Tensor distance(const at::Tensor& image, const at::Tensor& latents) {
    at::Tensor wanted;
    {
      torch::NoGradGuard no_grad;
      wanted = network_->encode(image);
    }
    return ((latents.narrow(1, 0, channels_) - wanted) / deviation_).square().mean();
  }

 private:
  std::int64_t channels_;
  at::Tensor deviation_;
  std::unique_ptr<Autoencoder> network_;
};

std::unique_ptr<KeptLatents> kept_latents(const TrainOptions& options, const ModelBundle& bundle) {
  if (options.keep_latents.empty()) return nullptr;
  const ModelBundle kept = ModelBundle::read(options.keep_latents);
  if (kept.downsampling != bundle.downsampling || kept.latent_channels > bundle.latent_channels)
    throw UserError(fmt::format(
        "--keep-latents {}: its latents have {} channels at 1/{} of the size, which {} channels at "
        "1/{} can't keep",
        options.keep_latents.string(), kept.latent_channels, kept.downsampling,
        bundle.latent_channels, bundle.downsampling));
  return std::make_unique<KeptLatents>(kept);
}

// Mean and deviation of each latent channel over all images.
void store_statistics(Autoencoder& network, const std::vector<at::Tensor>& images,
                      const std::filesystem::path& model) {
  torch::NoGradGuard no_grad;
  std::vector<at::Tensor> latents;
  for (const at::Tensor& bytes : images)
    latents.push_back(network.encode(unit_range(bytes).unsqueeze(0)).flatten(2).squeeze(0));
  const at::Tensor all = at::cat(latents, 1);
  const at::Tensor mean = all.mean(1), deviation = all.std(1);
  const auto list = [](const at::Tensor& t) {
    return std::vector<float>(t.data_ptr<float>(), t.data_ptr<float>() + t.numel());
  };
  write_latent_statistics(model, list(mean), list(deviation));
}

}  // namespace

AutoencoderReport train_autoencoder(const TrainOptions& options, Progress& progress) {
  validate(options);
  use_threads(options.threads);
  const ModelBundle bundle = ModelBundle::read(options.model);
  const LabelSet labels =
      LabelSet::parse(bundle.labels_json, (options.model / "model.json").string());
  const std::unique_ptr<KeptLatents> kept = kept_latents(options, bundle);
  torch::manual_seed(options.seed);  // before the network draws its first weights
  auto network = make_autoencoder(bundle);
  if (std::filesystem::exists(bundle.autoencoder.weights))
    load_parameters(network->parameters(), bundle.autoencoder.weights);
  const int factor = network->downsampling();
  const CropSampler crops(read_images(options.data, labels, false, kCrop), factor);
  std::optional<CropSampler> held_out;
  if (options.data.held_out_every > 0)
    held_out.emplace(read_images(options.data, labels, true, kCrop), factor);
  const int batch = options.batch > 0 ? options.batch : 16;
  const at::Tensor patterns = dct_patterns();

  network->set_training_dtype(options.dtype);
  TrainingLoop loop("autoencoder", network->parameters(), options, bundle.autoencoder.weights);
  Losses losses;
  losses.training = [&] {
    const at::Tensor image = crops.draw(batch, options.augment);
    at::Tensor divergence;
    const at::Tensor latents = network->encode_for_training(image, divergence);
    // Latents of a picture that is smaller or turned are to be its latents, smaller or turned: the
    // denoiser then has less to learn (EQ-VAE, Kouzelis et al. 2025; Skorokhodov et al. 2025).
    const int orientation = static_cast<int>(random_below(8));
    at::Tensor loss =
        reconstruction_loss(network->decode(latents), image, patterns) +
        kEquivarianceWeight * reconstruction_loss(network->decode(halved(latents, orientation)),
                                                  halved(image, orientation), patterns) +
        kDivergenceWeight * divergence;
    if (kept) loss = loss + kKeptLatentsWeight * kept->distance(image, latents);
    return loss;
  };
  if (held_out)
    losses.held_out = [&] {
      const at::Tensor image = held_out->draw(batch, 0);
      return reconstruction_loss(network->decode(network->encode(image)), image, patterns);
    };
  losses.samples = [&]() -> std::vector<SampleRow> {
    const at::Tensor image = (held_out ? *held_out : crops).draw(kSamples, 0);
    return {{held_out ? "crops that are held out" : "crops", pictures_of(image)},
            {"their reconstructions", pictures_of(network->decode(network->encode(image)))}};
  };
  const TrainingSummary summary = loop.run(losses, progress);

  loop.use_kept();
  network->set_training_dtype(DType::float32);
  store_statistics(*network, crops.images(), options.model);
  AutoencoderReport report = measure(*network, (held_out ? *held_out : crops).images());
  report.training = summary;
  return report;
}

}  // namespace histoloom
