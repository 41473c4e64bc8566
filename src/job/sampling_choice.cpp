#include "sampling_choice.h"

#include <fmt/format.h>

#include <algorithm>

#include "histoloom/core/error.h"

namespace histoloom {

Sampling sampling_of(const SamplingDefaults& d) {
  Sampling out;
  out.steps = d.steps;
  out.solver = d.solver;
  out.spacing = d.spacing;
  out.eta = d.eta;
  out.guidance = d.guidance;
  out.context_guidance = d.context_guidance;
  out.consistency = d.consistency;
  out.interval = d.interval;
  out.plan = d.plan;
  return out;
}

Sampling sampling_of_stage(const ModelBundle& stage, std::size_t index, std::uint64_t seed) {
  Sampling out = sampling_of(stage.defaults);
  out.tapered_steps = std::min(out.tapered_steps, out.steps);
  out.seed = seed;
  out.noise = noise_of_stage(index);
  return out;
}

namespace {

// What is asked of a coarser stage's picture needs one.
void require_coarser_stage(const SamplingSpec& wanted, const ModelBundle& bundle) {
  if (wanted.context_guidance && !bundle.context)
    throw UserError(fmt::format(
        "--context-guidance: model '{}' has no coarser stage to be guided by", bundle.name));
  if (!wanted.consistency || *wanted.consistency == 0) return;
  if (!bundle.context)
    throw UserError(
        fmt::format("--consistency: model '{}' has no coarser stage to agree with", bundle.name));
  if (bundle.latent.colours.empty())
    throw UserError(fmt::format(
        "--consistency: model.json of '{}' doesn't state the colours of its latents; 'histoloom "
        "train denoiser' adds them",
        bundle.name));
}

}  // namespace

Sampling sampling_of_job(const GenerateSpec& spec, const ModelBundle& bundle) {
  const SamplingSpec& wanted = spec.sampling;
  require_coarser_stage(wanted, bundle);
  Sampling out = sampling_of(bundle.defaults);
  out.steps = wanted.steps.value_or(out.steps);
  if (out.steps > bundle.schedule.steps)
    throw UserError(fmt::format("--steps must be at most {}, the model's schedule, got {}",
                                bundle.schedule.steps, out.steps));
  out.solver = wanted.solver.value_or(out.solver);
  out.spacing = wanted.spacing.value_or(out.spacing);
  out.eta = wanted.eta.value_or(out.eta);
  out.guidance = wanted.guidance.value_or(out.guidance);
  out.context_guidance = wanted.context_guidance.value_or(out.context_guidance);
  out.consistency = wanted.consistency.value_or(out.consistency);
  out.interval = wanted.interval.value_or(out.interval);
  out.plan = wanted.plan.value_or(out.plan);
  out.tapered_steps = std::min(out.tapered_steps, out.steps);
  out.seed = spec.seed;
  return out;
}

}  // namespace histoloom
