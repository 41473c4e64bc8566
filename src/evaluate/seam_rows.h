// The rows of the report about seams.
#pragma once

#include "histoloom/evaluate/evaluate.h"

namespace histoloom::evaluate {

// For each period of the options: synthetic, beside real pictures cut by the same grid, and real
// patches laid edge to edge. \error UserError where no picture is large enough.
void add_seams(EvaluationReport& report, const EvaluateInputs& inputs,
               const EvaluateOptions& options);

}  // namespace histoloom::evaluate
