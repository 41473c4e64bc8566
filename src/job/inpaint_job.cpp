#include "histoloom/job/inpaint_job.h"

#include "expected_stages.h"
#include "histoloom/core/resumable.h"
#include "inpaint_recipe.h"
#include "prepared_job.h"

namespace histoloom {

struct InpaintJob::State : PreparedJob<InpaintRecipe> {
  explicit State(const GenerateSpec& s) : PreparedJob(s, (require_copy(s), checked_resume(s))) {}
};

InpaintJob::InpaintJob(const GenerateSpec& spec) : state_(std::make_unique<State>(spec)) {}
InpaintJob::~InpaintJob() = default;
InpaintJob::InpaintJob(InpaintJob&&) noexcept = default;

void InpaintJob::run(Progress& progress) {
  progress.expect([&] { return inpaint_stages(state_->spec, state_->bundle, state_->networks); });
  run_resumable([&] { state_->recipe.run(state_->networks, state_->work, progress); });
}

std::string InpaintJob::describe() const { return state_->recipe.describe(state_->networks); }

}  // namespace histoloom
