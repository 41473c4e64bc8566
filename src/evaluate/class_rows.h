// The row of the report that asks whether generated tissue follows its labels.
#pragma once

#include "histoloom/evaluate/evaluate.h"

namespace histoloom::evaluate {

// Trains the classifier on labelled windows of real images and applies it to held-out real ones and
// to synthetic ones. \error UserError where a side has no window of a class.
void add_classes(EvaluationReport& report, const EvaluateInputs& inputs,
                 const EvaluateOptions& options);

}  // namespace histoloom::evaluate
