#include "histoloom/job/slide_job.h"

#include "expected_stages.h"
#include "histoloom/core/resumable.h"
#include "prepared_job.h"
#include "slide_recipe.h"

namespace histoloom {

struct SlideJob::State : PreparedJob<SlideRecipe> {
  explicit State(const GenerateSpec& s) : PreparedJob(s, checked_resume(s)) {
    recipe.check_probe(work);
  }
};

SlideJob::SlideJob(const GenerateSpec& spec) : state_(std::make_unique<State>(spec)) {}
SlideJob::~SlideJob() = default;
SlideJob::SlideJob(SlideJob&&) noexcept = default;

void SlideJob::run(Progress& progress) {
  progress.expect([&] {
    return slide_stages(state_->spec, state_->bundle, state_->recipe.image(),
                        state_->recipe.needs().labels, state_->networks);
  });
  run_resumable(
      [&] { state_->recipe.run(state_->networks, state_->work, open_slide_writer, progress); });
}

std::string SlideJob::probe(Progress& progress) {
  return state_->recipe.probe(state_->networks, state_->work, progress);
}

std::string SlideJob::describe() const { return state_->recipe.describe(state_->networks); }

}  // namespace histoloom
