#include <fmt/format.h>
#include <torch/torch.h>

#include <cmath>
#include <numbers>

#include "crops.h"
#include "histoloom/core/error.h"
#include "histoloom/model/bundle.h"
#include "histoloom/model/safetensors.h"
#include "histoloom/train/train.h"
#include "loop.h"

namespace histoloom {

namespace {

constexpr int kCrop = 128;
constexpr double kGradientWeight = 0.5;
constexpr double kSpectrumWeight = 0.01;
constexpr double kDivergenceWeight = 1e-4;
constexpr double kKeptLatentsWeight = 0.1;

// The 64 orthonormal 8×8 DCT patterns as a convolution's weights [64, 1, 8, 8].
at::Tensor dct_patterns() {
  at::Tensor basis = torch::empty({8, 8});
  auto b = basis.accessor<float, 2>();
  for (int k = 0; k < 8; ++k)
    for (int x = 0; x < 8; ++x)
      b[k][x] = static_cast<float>((k == 0 ? std::sqrt(0.125) : 0.5) *
                                   std::cos((x + 0.5) * k * std::numbers::pi / 8));
  return at::einsum("ux,vy->uvxy", {basis, basis}).reshape({64, 1, 8, 8});
}

// Mean power of the 64 DCT bands of each image and channel: [B·3, 64].
at::Tensor band_power(const at::Tensor& image, const at::Tensor& patterns) {
  const at::Tensor planes = image.reshape({-1, 1, image.size(2), image.size(3)});
  return at::conv2d(planes, patterns, {}, 8).square().mean({2, 3});
}

// |log power| of a over b, each band. The floor is what rounding to 8 bits alone has in a band.
at::Tensor log_power_error(const at::Tensor& a, const at::Tensor& b) {
  constexpr double kFloor = 1.3e-6;
  return (at::log(a + kFloor) - at::log(b + kFloor)).abs();
}

at::Tensor gradient_error(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor d = a - b;
  return (d.slice(3, 1) - d.slice(3, 0, -1)).abs().mean() +
         (d.slice(2, 1) - d.slice(2, 0, -1)).abs().mean();
}

std::vector<at::Tensor> load_images(const TrainOptions& options, const LabelSet& labels, int factor,
                                    bool held_out) {
  ImageSetOptions set = options.data;
  set.held_out = held_out;
  std::vector<at::Tensor> out;
  for (const TrainingImage& image : read_image_set(set, labels)) {
    if (image.size.width < kCrop || image.size.height < kCrop)
      throw UserError(fmt::format("training image '{}' is {}x{} px, at least {} a side are needed",
                                  image.name, image.size.width, image.size.height, kCrop));
    out.push_back(image_tensor(image, factor));
  }
  return out;
}

// A batch of crops, every pixel of the set as likely as another.
at::Tensor draw_batch(const std::vector<at::Tensor>& images, const at::Tensor& areas, int batch) {
  const at::Tensor picks = at::multinomial(areas, batch, /*replacement=*/true);
  std::vector<at::Tensor> crops;
  for (int i = 0; i < batch; ++i) {
    const at::Tensor& image = images[static_cast<std::size_t>(picks[i].item<std::int64_t>())];
    const std::int64_t y = random_below(image.size(1) - kCrop + 1);
    const std::int64_t x = random_below(image.size(2) - kCrop + 1);
    crops.push_back(
        orient(image.narrow(1, y, kCrop).narrow(2, x, kCrop), static_cast<int>(random_below(8))));
  }
  return unit_range(at::stack(crops));
}

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
    before += band_power(image, patterns).mean(0);
    after += band_power(back, patterns).mean(0);
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
  const std::vector<at::Tensor> images = load_images(options, labels, factor, false);
  std::vector<float> sizes;
  for (const at::Tensor& image : images) sizes.push_back(static_cast<float>(image.numel()));
  const at::Tensor areas = torch::tensor(sizes);
  const at::Tensor patterns = dct_patterns();

  network->set_training_dtype(options.dtype);
  TrainingLoop loop("autoencoder", network->parameters(), options, bundle.autoencoder.weights);
  loop.run(
      [&](int) {
        const at::Tensor image = draw_batch(images, areas, options.batch > 0 ? options.batch : 16);
        at::Tensor divergence;
        const at::Tensor latents = network->encode_for_training(image, divergence);
        const at::Tensor back = network->decode(latents);
        at::Tensor loss =
            (back - image).abs().mean() + kGradientWeight * gradient_error(back, image) +
            kSpectrumWeight *
                log_power_error(band_power(back, patterns), band_power(image, patterns)).mean() +
            kDivergenceWeight * divergence;
        if (kept) loss = loss + kKeptLatentsWeight * kept->distance(image, latents);
        return loss;
      },
      progress);

  loop.use_averaged();
  network->set_training_dtype(DType::float32);
  store_statistics(*network, images, options.model);
  const bool held_out = options.data.held_out_every > 0;
  return measure(*network, held_out ? load_images(options, labels, factor, true) : images);
}

}  // namespace histoloom
