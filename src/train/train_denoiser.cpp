#include <fmt/format.h>
#include <torch/torch.h>

#include "diffusion_loss.h"
#include "histoloom/core/error.h"
#include "histoloom/diffusion/schedule.h"
#include "histoloom/model/bundle.h"
#include "histoloom/model/safetensors.h"
#include "histoloom/train/train.h"
#include "latent_sampler.h"
#include "loop.h"
#include "paint_samples.h"

namespace histoloom {

namespace {

// Paints patches under label maps, to look at.
class PatchPainter {
 public:
  PatchPainter(const ModelBundle& bundle, Denoiser& denoiser)
      : bundle_(bundle),
        denoiser_(denoiser),
        schedule_(NoiseSchedule::of(bundle.schedule)),
        autoencoder_(load_autoencoder(bundle, DType::float32)) {}

  std::vector<SampleRow> paint_under(const LatentBatch& data) const {
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
  const LatentSamplers samplers = read_latent_samplers(options, bundle, labels, progress);
  const at::Tensor signal = signal_of(NoiseSchedule::of(bundle.schedule));

  network->set_training_dtype(options.dtype);
  TrainingLoop loop("denoiser", network->parameters(), options, bundle.denoiser.weights);
  const int batch = options.batch > 0 ? options.batch : 32;
  const auto loss_on = [&](const LatentSampler& sampler) {
    const LatentBatch data = sampler.draw(batch, options.unconditional);
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
