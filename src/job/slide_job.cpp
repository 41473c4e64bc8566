#include "histoloom/job/slide_job.h"

#include <fmt/format.h>

#include "histoloom/core/resumable.h"
#include "job_json.h"
#include "outputs.h"
#include "slide_recipe.h"

namespace histoloom {

struct SlideJob::State {
  const GenerateSpec spec;
  ResumeDecision resume;
  const ModelBundle bundle;
  SlideRecipe recipe;
  Networks networks;
  WorkDirectory work;

  explicit State(const GenerateSpec& s)
      : spec(s),
        resume(checked_resume(spec)),
        bundle(ModelBundle::read(spec.model)),
        recipe(spec, bundle, resume.replace),
        networks(bundle, spec.machine.dtype, recipe.needs()),
        work(spec.work, resume.resume, spec.force, text_of(recipe.job())) {
    recipe.check_probe(work);
  }
};

SlideJob::SlideJob(const GenerateSpec& spec) : state_(std::make_unique<State>(spec)) {}
SlideJob::~SlideJob() = default;
SlideJob::SlideJob(SlideJob&&) noexcept = default;

void SlideJob::run(Progress& progress) {
  run_resumable(
      [&] { state_->recipe.run(state_->networks, state_->work, open_slide_writer, progress); });
}

std::string SlideJob::probe(Progress& progress) {
  return state_->recipe.probe(state_->networks, state_->work, progress);
}

std::string SlideJob::describe() const { return state_->recipe.describe(state_->networks); }

}  // namespace histoloom
