// The rows of the report that ask whether patches are copies of training images.
#pragma once

#include "histoloom/evaluate/evaluate.h"
#include "patch_sets.h"

namespace histoloom::evaluate {

// Of patches that show next to no glass: the highest correlation with a training patch, and with
// any window of the training images. Without two such patches in a set: a warning, and no rows.
// Warns where not all of the images is searched, and where held-out patches are of the same ones.
// \error UserError where an image is damaged; Interrupted.
void add_copying(EvaluationReport& report, const PatchSets& sets, const EvaluateInputs& inputs,
                 const EvaluateOptions& options, Progress& progress);

}  // namespace histoloom::evaluate
