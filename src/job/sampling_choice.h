// How a canvas is sampled: the bundle's defaults, and what the user wants otherwise.
#pragma once

#include "histoloom/bundle/bundle.h"
#include "histoloom/diffusion/sampling.h"
#include "histoloom/job/generate_spec.h"

namespace histoloom {

// As a bundle has it by default, for its image or for its labels.
Sampling sampling_of(const SamplingDefaults& defaults);

// Of a coarser stage, `index` from the coarsest on.
Sampling sampling_of_stage(const ModelBundle& stage, std::size_t index, std::uint64_t seed);

// Of a job's image. \error UserError for a step count that the schedule lacks.
Sampling sampling_of_job(const GenerateSpec& spec, const ModelBundle& bundle);

}  // namespace histoloom
