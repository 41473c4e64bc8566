#include "histoloom/job/inpaint_job.h"

#include "histoloom/core/resumable.h"
#include "inpaint_recipe.h"
#include "job_json.h"
#include "outputs.h"

namespace histoloom {

struct InpaintJob::State {
  const GenerateSpec spec;
  ResumeDecision resume;
  const ModelBundle bundle;
  InpaintRecipe recipe;
  Networks networks;
  WorkDirectory work;

  explicit State(const GenerateSpec& s)
      : spec(s),
        resume((require_copy(spec), checked_resume(spec))),
        bundle(ModelBundle::read(spec.model)),
        recipe(spec, bundle),
        networks(bundle, spec.machine.dtype, {.image = true}),
        work(spec.work, resume.resume, spec.force, text_of(recipe.job())) {}
};

InpaintJob::InpaintJob(const GenerateSpec& spec) : state_(std::make_unique<State>(spec)) {}
InpaintJob::~InpaintJob() = default;
InpaintJob::InpaintJob(InpaintJob&&) noexcept = default;

void InpaintJob::run(Progress& progress) {
  run_resumable([&] { state_->recipe.run(state_->networks, state_->work, progress); });
}

std::string InpaintJob::describe() const { return state_->recipe.describe(state_->networks); }

}  // namespace histoloom
