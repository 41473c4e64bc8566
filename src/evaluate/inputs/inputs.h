// What is said of the files that were opened.
#pragma once

#include "histoloom/evaluate/evaluate.h"

namespace histoloom::evaluate {

// Warns of files that folders hold and are not taken, and of real images among the synthetic ones.
void warn_of_inputs(const EvaluateInputs& inputs, Progress& progress);

}  // namespace histoloom::evaluate
