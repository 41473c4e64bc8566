// The stages of a job and what each costs, for an estimate of the whole before any is measured.
//
// Costs are seconds of two cores of an EPYC (docs/performance.md, "A slide without glass"). Another
// machine is faster or slower by about the same factor in all stages. Glass is not looked at: less
// tissue makes all stages that count shorter alike.
#pragma once

#include <vector>

#include "histoloom/bundle/bundle.h"
#include "histoloom/core/progress.h"
#include "histoloom/job/generate_spec.h"
#include "histoloom/job/mask_spec.h"
#include "networks.h"

namespace histoloom {

// Of a new slide, whose labels may be painted. Loads each network once, as all functions here do.
// `image`: the stage of the bundle that is written.
std::vector<ExpectedStage> slide_stages(const GenerateSpec& spec, const ModelBundle& bundle,
                                        const ModelBundle& image, bool paints_labels,
                                        NetworkSource& networks);
// Of a part of a slide that is painted anew.
std::vector<ExpectedStage> inpaint_stages(const GenerateSpec& spec, const ModelBundle& bundle,
                                          NetworkSource& networks);
// Of labels alone.
std::vector<ExpectedStage> label_stages(const MaskJobSpec& spec, const ModelBundle& bundle,
                                        bool paints_labels, NetworkSource& networks);

}  // namespace histoloom
