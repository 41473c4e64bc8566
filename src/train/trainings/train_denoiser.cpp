#include <ATen/ATen.h>
#include <fmt/format.h>

#include "diffusion_loss.h"
#include "histoloom/bundle/bundle.h"
#include "histoloom/core/error.h"
#include "histoloom/networks/noise_schedule.h"
#include "histoloom/train/denoiser_training.h"
#include "histoloom/weights/safetensors.h"
#include "latent_cache.h"
#include "latent_sampler.h"
#include "loop.h"
#include "sample_pictures.h"
#include "training_images.h"

namespace histoloom {

namespace {

// What a denoiser is shown: latents, and the context where it sees one.
at::Tensor with_planes(const at::Tensor& x, const LatentBatch& data) {
  return data.context.defined() ? at::cat({x, data.context}, 1) : x;
}

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
      return denoiser_.predict(with_planes(x, data), time, data.labels);
    };
    const at::Tensor z = sample_x0(predict, at::randn_like(data.latents), schedule_,
                                   bundle_.prediction, bundle_.clip);
    return {
        {fmt::format("painted from noise in {} steps, without guidance", kSampleSteps),
         pictures_of(decode(z))},
        {"the patches whose labels they were painted under", pictures_of(decode(data.latents))}};
  }

 private:
  at::Tensor decode(const at::Tensor& z) const {
    const auto channels = [](const std::vector<float>& v) {
      return at::tensor(v).view({1, -1, 1, 1});
    };
    return autoencoder_->decode(z * channels(bundle_.latent.deviation) +
                                channels(bundle_.latent.mean));
  }

  const ModelBundle& bundle_;
  Denoiser& denoiser_;
  NoiseSchedule schedule_;
  std::unique_ptr<Autoencoder> autoencoder_;
};

}  // namespace

struct DenoiserTraining::State {
  explicit State(const TrainOptions& o)
      : options(o),
        whole(ModelBundle::read(o.model)),
        bundle(stage_to_train(o, whole)),
        network(
            network_to_train([&] { return make_denoiser(bundle); }, bundle, bundle.denoiser, o)),
        painter(bundle, *network),
        images(images_for_denoiser(o, whole, bundle)),
        loop({"denoiser", network->parameters(), bundle.denoiser.weights, batch(),
              options.optimizer.value_or(OptimizerKind::muon), settings(),
              StatedWeights{o.model, bundle.key_of("denoiser"),
                            weights_sha256(bundle.autoencoder.weights)}},
             options) {
    require_latent_folder(options.latents);
  }

  std::vector<TrainingSetting> settings() const {
    Sha256 latents, noise = checksum_of(NoiseSchedule::of(bundle.schedule), bundle.prediction);
    latents.add_part(latent_settings(bundle, latent_options(options, bundle)));
    std::vector<TrainingSetting> out = settings_of(images.training, images.held_out);
    out.push_back({"autoencoder", describe(latents)});
    out.push_back({"noise schedule", describe(noise)});
    return out;
  }

  int batch() const { return options.batch > 0 ? options.batch : 32; }
  at::Tensor loss_on(const LatentSampler& sampler) const {
    const LatentBatch data = sampler.draw(batch(), options.unconditional);
    const at::Tensor time = draw_times(TimeDensity::middle, batch(), signal.numel());
    const NoisyBatch noisy = add_noise(data.latents, time, signal, bundle.prediction);
    const at::Tensor shown = with_planes(noisy.x, data);
    return (network->predict(shown, noisy.time, data.labels) - noisy.target).square().mean();
  }

  const TrainOptions options;
  const ModelBundle whole;
  const ModelBundle& bundle;  // the stage that is trained
  std::unique_ptr<Denoiser> network;
  PatchPainter painter;
  ImagesOfTraining images;
  TrainingLoop loop;
  at::Tensor signal = signal_of(NoiseSchedule::of(bundle.schedule));
};

DenoiserTraining::DenoiserTraining(const TrainOptions& options) {
  validate(options);
  use_threads(options.threads);
  state_ = std::make_unique<State>(options);
}

DenoiserTraining::~DenoiserTraining() = default;

TrainingSummary DenoiserTraining::run(Progress& progress) {
  State& s = *state_;
  const LatentSamplers samplers = encode_images(std::move(s.images), s.options, s.bundle, progress);
  if (s.bundle.context && s.bundle.latent.colours.empty())
    write_latent_colours(s.options.model, s.bundle.is_coarser ? s.bundle.stage : "",
                         samplers.training->fit_colours());
  const LatentSampler& shown = samplers.held_out ? *samplers.held_out : *samplers.training;
  Losses losses;
  losses.training = [&] { return s.loss_on(*samplers.training); };
  if (samplers.held_out) losses.held_out = [&] { return s.loss_on(*samplers.held_out); };
  losses.samples = [&] { return s.painter.paint_under(shown.draw(kSamples, 0)); };
  return s.loop.run(losses, progress);
}

}  // namespace histoloom
