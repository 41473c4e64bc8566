// What a job that paints into a work directory holds from its construction on.
#pragma once

#include "histoloom/job/generate_spec.h"
#include "job_json.h"
#include "networks.h"
#include "work.h"

namespace histoloom {

// In this order all is checked: outputs, model, what the recipe reads, each network, the work
// directory. Nothing is written.
template <class Recipe>
struct PreparedJob {
  const GenerateSpec spec;
  const ModelBundle bundle;
  Recipe recipe;
  Networks networks;
  WorkDirectory work;

  // `resume`: of checked_resume(); the recipe is made of spec, bundle and what it may replace.
  PreparedJob(const GenerateSpec& s, const ResumeDecision& resume)
      : spec(s),
        bundle(ModelBundle::read(spec.model)),
        recipe(spec, bundle, resume.replace),
        networks(bundle, recipe.image(), spec.machine, recipe.needs()),
        work(spec.work, resume.resume, spec.force, text_of(recipe.job()), spec.machine.cpu_kind,
             recipe.coarser_stages()) {}
};

}  // namespace histoloom
