#include "histoloom/job/given_mask_job.h"

#include "histoloom/core/error.h"
#include "histoloom/core/resumable.h"
#include "mask_recipe.h"

namespace histoloom {

namespace {

// Nothing that is given asks for a network.
class NoNetworks final : public NetworkSource {
 public:
  Autoencoder& autoencoder() override { return none<Autoencoder>(); }
  Denoiser& denoiser() override { return none<Denoiser>(); }
  Denoiser& label_denoiser() override { return none<Denoiser>(); }
  Autoencoder& coarser_autoencoder(std::size_t) override { return none<Autoencoder>(); }
  Denoiser& coarser_denoiser(std::size_t) override { return none<Denoiser>(); }

 private:
  template <class Network>
  [[noreturn]] static Network& none() {
    throw InternalError("labels that are given need no network");
  }
};

}  // namespace

struct GivenMaskJob::State {
  const MaskJobSpec spec;
  const ModelBundle bundle;
  MaskRecipe recipe;

  explicit State(const MaskJobSpec& s)
      : spec(s), bundle(ModelBundle::read(spec.model)), recipe(spec, bundle, nullptr) {}
};

GivenMaskJob::GivenMaskJob(const MaskJobSpec& spec) {
  check_internal(std::holds_alternative<MaskSource>(spec.labels.source), "labels without a mask");
  state_ = std::make_unique<State>(spec);
}
GivenMaskJob::~GivenMaskJob() = default;
GivenMaskJob::GivenMaskJob(GivenMaskJob&&) noexcept = default;

void GivenMaskJob::run(Progress& progress) {
  progress.expect([&] { return label_file_stages(state_->spec.files, state_->spec.labels.size); });
  run_from_start([&] {
    NoNetworks networks;
    state_->recipe.run(networks, progress);
  });
}

}  // namespace histoloom
