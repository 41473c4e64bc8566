#include "histoloom/job/mask_job.h"

#include "expected_stages.h"
#include "histoloom/core/resumable.h"
#include "label_painting.h"
#include "mask_recipe.h"
#include "networks.h"

namespace histoloom {

struct MaskJob::State {
  const MaskJobSpec spec;
  const ModelBundle bundle;
  MaskRecipe recipe;
  Networks networks;

  explicit State(const MaskJobSpec& s)
      : spec(s),
        bundle(ModelBundle::read(spec.model)),
        recipe(spec, bundle, label_painter(spec.labels, bundle, spec.machine.threads)),
        networks(bundle, spec.machine, {.image = false, .labels = recipe.paints()}) {}
};

MaskJob::MaskJob(const MaskJobSpec& spec) : state_(std::make_unique<State>(spec)) {}
MaskJob::~MaskJob() = default;
MaskJob::MaskJob(MaskJob&&) noexcept = default;

void MaskJob::run(Progress& progress) {
  progress.expect([&] {
    return label_stages(state_->spec, state_->bundle, state_->recipe.paints(), state_->networks);
  });
  run_from_start([&] { state_->recipe.run(state_->networks, progress); });
}

}  // namespace histoloom
