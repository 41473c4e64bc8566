// A look at one crop of an unfinished job: `histoloom generate --only-crop`.
#pragma once

#include <string>

#include "histoloom/core/progress.h"
#include "networks.h"
#include "slide_setup.h"
#include "work.h"

namespace histoloom {

// \error UserError unless `step` (from 1 on) is the one after the last that is committed.
void check_crop_step(int step, const WorkDirectory& work, const GenerateSpec& spec);

// What the crop is like before the step, to the denoiser and clean, one fact a line. Paints labels
// to their end if an earlier run hasn't; commits nothing.
std::string look_at_crop(SlideSetup& setup, CropChoice choice, NetworkSource& networks,
                         const WorkDirectory& work, Progress& progress);

}  // namespace histoloom
