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

at::Tensor log_power_error(const at::Tensor& a, const at::Tensor& b, const at::Tensor& patterns) {
  constexpr double kFloor = 1e-5;  // of a power; quantisation to 8 bits alone is 1.3e-6
  return (at::log(band_power(a, patterns) + kFloor) - at::log(band_power(b, patterns) + kFloor))
      .abs();
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

AutoencoderReport measure(Autoencoder& network, const std::vector<at::Tensor>& images) {
  torch::NoGradGuard no_grad;
  const at::Tensor patterns = dct_patterns();
  AutoencoderReport report;
  double power = 0;
  for (const at::Tensor& bytes : images) {
    const at::Tensor image = unit_range(bytes).unsqueeze(0);
    const at::Tensor back = network.decode(network.encode(image)).clamp(0, 1);
    report.psnr += -10 * std::log10((back - image).square().mean().item<double>());
    // Bands below half the Nyquist frequency on both axes, without the mean.
    power += log_power_error(back, image, patterns)
                 .reshape({-1, 8, 8})
                 .narrow(1, 0, 4)
                 .narrow(2, 0, 4)
                 .mean()
                 .item<double>();
  }
  const auto n = static_cast<double>(images.size());
  report.psnr /= n;
  report.power_ratio_db = power / n * 10 / std::numbers::ln10;
  return report;
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
        const at::Tensor back = network->decode(network->encode_for_training(image, divergence));
        return (back - image).abs().mean() + kGradientWeight * gradient_error(back, image) +
               kSpectrumWeight * log_power_error(back, image, patterns).mean() +
               kDivergenceWeight * divergence;
      },
      progress);

  loop.use_averaged();
  network->set_training_dtype(DType::float32);
  store_statistics(*network, images, options.model);
  const bool held_out = options.data.held_out_every > 0;
  return measure(*network, held_out ? load_images(options, labels, factor, true) : images);
}

}  // namespace histoloom
