#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

#include "cell_colours.h"
#include "crop_sampler.h"
#include "crops.h"
#include "histoloom/bundle/bundle.h"
#include "histoloom/core/error.h"
#include "histoloom/train/autoencoder_training.h"
#include "histoloom/weights/safetensors.h"
#include "latent_cache.h"
#include "loop.h"
#include "reconstruction_loss.h"
#include "sample_pictures.h"
#include "training_images.h"

namespace histoloom {

namespace {

constexpr double kDivergenceWeight = 1e-4;
constexpr double kKeptLatentsWeight = 0.1;
constexpr double kEquivarianceWeight = 0.25;
constexpr double kPlaceWeight = 0.1;
constexpr double kLatentNoise = 0.25;  // the most, in deviations of a channel

// Bands of [N, 64] in which both frequencies are at most half of Nyquist's, without the mean.
at::Tensor coarse_bands(const at::Tensor& bands) {
  return bands.view({-1, 8, 8}).narrow(1, 0, 5).narrow(2, 0, 5).flatten(1).slice(1, 1);
}

AutoencoderReport measure(Autoencoder& network, const std::vector<at::Tensor>& images,
                          Progress& progress) {
  progress.start_stage("measuring", static_cast<std::int64_t>(images.size()), "images");
  at::NoGradGuard no_grad;
  const at::Tensor patterns = dct_patterns();
  AutoencoderReport report;
  at::Tensor before = at::zeros({1, 64}), after = at::zeros({1, 64});
  std::int64_t done = 0;
  for (const at::Tensor& bytes : images) {
    const at::Tensor image = unit_range(bytes).unsqueeze(0);
    const at::Tensor back = network.decode(network.encode(image)).clamp(0, 1);
    report.psnr += -10 * std::log10((back - image).square().mean().item<double>());
    before += band_power(without_border(image), patterns).mean(0);
    after += band_power(without_border(back), patterns).mean(0);
    progress.update(++done);
  }
  progress.finish();
  const auto n = static_cast<double>(images.size());
  report.psnr /= n;
  report.power_ratio_db =
      log_power_error(coarse_bands(after / n), coarse_bands(before / n)).max().item<double>() * 10 /
      std::numbers::ln10;
  return report;
}

// Latents [B, C, h, w] with noise as strong as up to kLatentNoise of each channel's deviation in
// the batch, by each image's own draw: what a denoiser gets slightly wrong must not show as grain,
// and no channel may hold what a decoder can only use exactly (Yang et al. 2025, l-DeTok).
at::Tensor with_noise(const at::Tensor& latents) {
  const at::Tensor deviation = latents.detach().std({0, 2, 3}, /*unbiased=*/false, true);
  const at::Tensor strength = kLatentNoise * at::rand({latents.size(0), 1, 1, 1});
  return latents + strength * deviation * at::randn_like(latents);
}

// What holds the first latents where another autoencoder has them, so that a denoiser which was
// trained on those can go on.
class KeptLatents {
 public:
  explicit KeptLatents(const ModelBundle& bundle)
      : channels_(bundle.latent.channels),
        deviation_(at::tensor(bundle.latent.deviation).view({1, channels_, 1, 1})),
        network_(load_autoencoder(bundle, DType::float32)),
        sum_(latent_settings(bundle, {})) {}

  // Which latents they are, as the setting of a training.
  std::string description() const {
    Sha256 sum;
    return describe(sum.add_part(sum_));
  }

  // The mean square distance of latents [B, C, h, w] from those of the images, in deviations.
  at::Tensor distance(const at::Tensor& image, const at::Tensor& latents) {
    at::Tensor wanted;
    {
      at::NoGradGuard no_grad;
      wanted = network_->encode(image);
    }
    return ((latents.narrow(1, 0, channels_) - wanted) / deviation_).square().mean();
  }

 private:
  std::int64_t channels_;
  at::Tensor deviation_;
  std::unique_ptr<Autoencoder> network_;
  std::string sum_;
};

std::unique_ptr<KeptLatents> kept_latents(const TrainOptions& options, const ModelBundle& bundle) {
  if (options.keep_latents.empty()) return nullptr;
  const ModelBundle kept = ModelBundle::read(options.keep_latents);
  if (kept.latent.downsampling != bundle.latent.downsampling ||
      kept.latent.channels > bundle.latent.channels)
    throw UserError(fmt::format(
        "--keep-latents {}: its latents have {} channels at 1/{} of the size, which {} channels at "
        "1/{} can't keep",
        options.keep_latents.string(), kept.latent.channels, kept.latent.downsampling,
        bundle.latent.channels, bundle.latent.downsampling));
  return std::make_unique<KeptLatents>(kept);
}

// What ColourFit::solve() gives for latents, for normalised latents.
at::Tensor of_normalised(const at::Tensor& fit, const at::Tensor& mean,
                         const at::Tensor& deviation) {
  const std::int64_t channels = mean.numel();
  const at::Tensor factors = fit.narrow(1, 0, channels);
  return at::cat({factors * deviation, fit.narrow(1, channels, 1) + factors.mv(mean).unsqueeze(1),
                  fit.narrow(1, channels + 1, channels) / deviation},
                 1);
}

// Mean and deviation of each latent channel over `images`, and the colours of a cell; a channel that
// says nothing gets a deviation that can be divided by.
void store_statistics(Autoencoder& network, const std::vector<at::Tensor>& images,
                      const std::filesystem::path& model, const std::string& stage) {
  constexpr double kLeastDeviation = 1e-4;
  at::NoGradGuard no_grad;
  at::Tensor sum = at::zeros({network.channels()}, at::kDouble), square = sum.clone();
  double count = 0;
  ColourFit colours(network.channels());
  for (const at::Tensor& bytes : images) {
    const at::Tensor picture = unit_range(bytes).unsqueeze(0);
    const at::Tensor latents = network.encode(picture).to(at::kDouble);
    sum += latents.sum({0, 2, 3});
    square += latents.square().sum({0, 2, 3});
    const std::int64_t cells = latents.numel() / network.channels();
    count += static_cast<double>(cells);
    colours.add(latents[0], 2 * at::adaptive_avg_pool2d(picture, latents.sizes().slice(2))[0] - 1);
  }
  const at::Tensor mean = sum / count;
  const at::Tensor deviation =
      (square / count - mean.square()).clamp_min(0).sqrt().clamp_min(kLeastDeviation);
  write_latent_statistics(model, stage,
                          {values_of(mean), values_of(deviation),
                           values_of(of_normalised(colours.solve(), mean, deviation))});
}

// A few of the images, spread over all: enough for statistics while training goes on.
std::vector<at::Tensor> some_of(const std::vector<at::Tensor>& images) {
  constexpr std::size_t kMost = 8;
  const std::size_t n = std::min(kMost, images.size());
  std::vector<at::Tensor> out;
  for (std::size_t i = 0; i < n; ++i) out.push_back(images[i * images.size() / n]);
  return out;
}

// All images, or middles of some of them, spread over all: enough for statistics at the end, in
// seconds however many there are.
std::vector<at::Tensor> sample_of(const std::vector<at::Tensor>& images, int factor) {
  constexpr std::int64_t kMostPixels = std::int64_t{1} << 22;
  constexpr std::size_t kMostImages = 64;
  std::int64_t pixels = 0;
  for (const at::Tensor& image : images) pixels += image.numel() / 3;
  if (pixels <= kMostPixels) return images;
  const std::size_t n = std::min(kMostImages, images.size());
  const double share = static_cast<double>(kMostPixels) / static_cast<double>(n);
  const std::int64_t side = static_cast<std::int64_t>(std::sqrt(share)) / factor * factor;
  std::vector<at::Tensor> out;
  for (std::size_t i = 0; i < n; ++i) {
    at::Tensor image = images[i * images.size() / n];
    for (const std::int64_t axis : {1, 2}) {
      const std::int64_t length = image.size(axis), part = std::min(side, length);
      image = image.narrow(axis, (length - part) / 2, part);
    }
    out.push_back(image);
  }
  return out;
}

// All that latents depend on, a codebook too. The optimiser passes over what has no gradient.
void freeze_all_but_decoder(Autoencoder& network) {
  for (auto& [name, tensor] : network.parameters())
    if (!name.starts_with("decoder") && !name.starts_with("post_quant_conv"))
      tensor.set_requires_grad(false);
}

// The stage whose autoencoder is trained. \error UserError if it is a coarser one and has none of its
// own.
const ModelBundle& stage_with_autoencoder(const TrainOptions& options, const ModelBundle& whole) {
  const ModelBundle& stage = stage_to_train(options, whole);
  if (stage.is_coarser && stage.autoencoder == whole.autoencoder)
    throw UserError(fmt::format(
        "--stage {0}: the stage has the autoencoder of '{1}'; train that, or give '{0}' an "
        "'autoencoder' of its own in model.json",
        stage.stage, whole.stage));
  return stage;
}

std::unique_ptr<Autoencoder> autoencoder_to_train(const ModelBundle& bundle,
                                                  const TrainOptions& options) {
  const std::filesystem::path& weights = bundle.autoencoder.weights;
  auto network = network_to_train([&] { return make_autoencoder(bundle); }, bundle,
                                  bundle.autoencoder, options);
  if (options.decoder_only && !std::filesystem::exists(weights))
    throw UserError(
        fmt::format("--decoder-only: there is no autoencoder to go on from, {} is "
                    "missing; leave it out",
                    weights.string()));
  if (options.decoder_only) freeze_all_but_decoder(*network);
  return network;
}

}  // namespace

struct AutoencoderTraining::State {
  explicit State(const TrainOptions& o)
      : options(o),
        whole(ModelBundle::read(o.model)),
        bundle(stage_with_autoencoder(o, whole)),
        kept(kept_latents(o, bundle)),
        network(autoencoder_to_train(bundle, o)),
        images(read_training_images(o, whole, bundle, kCrop)),
        loop({"autoencoder", network->parameters(), bundle.autoencoder.weights, batch(),
              options.optimizer.value_or(OptimizerKind::adamw), settings(),
              StatedWeights{o.model, bundle.key_of("autoencoder"), "", o.decoder_only}},
             options),
        crops(images.training, bundle.latent.downsampling) {
    if (!images.held_out.empty()) held_out.emplace(images.held_out, bundle.latent.downsampling);
    images.training = images.held_out = {};
  }

  int batch() const { return options.batch > 0 ? options.batch : 16; }
  std::vector<TrainingSetting> settings() const {
    std::vector<TrainingSetting> out = settings_of(images.training, images.held_out);
    out.push_back({"--keep-latents", kept ? kept->description() : "left out"});
    return out;
  }
  const CropSampler& shown() const { return held_out ? *held_out : crops; }
  at::Tensor training_loss() const;
  at::Tensor decoder_loss() const;
  at::Tensor loss_of_decoder(const at::Tensor& back, const at::Tensor& image) const;
  at::Tensor held_out_loss() const;
  std::vector<SampleRow> samples() const;
  void store_statistics_of(const std::vector<at::Tensor>& of) const {
    store_statistics(*network, sample_of(of, bundle.latent.downsampling), options.model,
                     bundle.is_coarser ? bundle.stage : "");
  }

  const TrainOptions options;
  const ModelBundle whole;
  const ModelBundle& bundle;  // the stage that is trained
  std::unique_ptr<KeptLatents> kept;
  std::unique_ptr<Autoencoder> network;
  ImagesOfTraining images;
  TrainingLoop loop;
  CropSampler crops;
  std::optional<CropSampler> held_out;
  at::Tensor patterns = dct_patterns();
};

at::Tensor AutoencoderTraining::State::training_loss() const {
  const at::Tensor image = crops.draw(batch(), options.augment);
  at::Tensor divergence;
  const at::Tensor latents = network->encode_for_training(image, divergence);
  const at::Tensor noisy = with_noise(latents);
  // Latents of a picture that is smaller or turned are to be its latents, smaller or turned: the
  // denoiser then has less to learn (EQ-VAE, Kouzelis et al. 2025; Skorokhodov et al. 2025).
  const int orientation = static_cast<int>(random_below(8));
  at::Tensor loss =
      reconstruction_loss(network->decode(noisy), image, patterns) +
      kEquivarianceWeight * reconstruction_loss(network->decode(halved(noisy, orientation)),
                                                halved(image, orientation), patterns) +
      kDivergenceWeight * divergence;
  if (kept) loss = loss + kKeptLatentsWeight * kept->distance(image, latents);
  return loss;
}

// Of the decoder alone, whose latents stay what they are.
at::Tensor AutoencoderTraining::State::decoder_loss() const {
  const at::Tensor image = crops.draw(batch(), options.augment);
  at::Tensor latents;
  {
    at::NoGradGuard no_grad;
    latents = with_noise(network->encode(image));
  }
  return loss_of_decoder(network->decode(latents), image);
}

at::Tensor AutoencoderTraining::State::loss_of_decoder(const at::Tensor& back,
                                                       const at::Tensor& image) const {
  return reconstruction_loss(back, image, patterns, PowerMean::geometric) +
         kPlaceWeight * place_error(back, image);
}

at::Tensor AutoencoderTraining::State::held_out_loss() const {
  const at::Tensor image = held_out->draw(batch(), 0);
  const at::Tensor back = network->decode(network->encode(image));
  return options.decoder_only ? loss_of_decoder(back, image)
                              : reconstruction_loss(back, image, patterns);
}

std::vector<SampleRow> AutoencoderTraining::State::samples() const {
  const at::Tensor image = shown().draw(kSamples, 0);
  return {{held_out ? "crops that are held out" : "crops", pictures_of(image)},
          {"their reconstructions", pictures_of(network->decode(network->encode(image)))}};
}

AutoencoderTraining::AutoencoderTraining(const TrainOptions& options) {
  validate(options);
  use_threads(options.threads);
  state_ = std::make_unique<State>(options);
}

AutoencoderTraining::~AutoencoderTraining() = default;

AutoencoderReport AutoencoderTraining::run(Progress& progress) {
  State& s = *state_;
  Losses losses;
  losses.training = [&] { return s.options.decoder_only ? s.decoder_loss() : s.training_loss(); };
  if (s.held_out) losses.held_out = [&] { return s.held_out_loss(); };
  losses.samples = [&] { return s.samples(); };
  // The bundle's weights are of no use with the statistics of others. A decoder changes none.
  if (!s.options.decoder_only) {
    losses.bundled = [&, some = some_of(s.crops.images())] { s.store_statistics_of(some); };
  }
  const TrainingSummary summary = s.loop.run(losses, progress);

  s.loop.use_bundled();
  s.network->set_training_dtype(DType::float32);
  if (!s.options.decoder_only && s.loop.owns_bundle()) s.store_statistics_of(s.crops.images());
  const std::string stale = stale_text(ModelBundle::read(s.options.model));
  if (!stale.empty()) progress.warn(stale);
  AutoencoderReport report =
      measure(*s.network, sample_of(s.shown().images(), s.bundle.latent.downsampling), progress);
  report.training = summary;
  return report;
}

}  // namespace histoloom
