// The rows of the report that need a network.
#pragma once

#include "likeness_rows.h"

namespace histoloom::evaluate {

// How the bundle's autoencoder gives the reference patches back. Nothing without a bundle.
void add_reconstruction(EvaluationReport& report, const PatchSets& sets,
                        const EvaluateInputs& inputs, const EvaluateOptions& options,
                        const Progress& progress);

// Distances, precision and recall and copying by the feature network. Nothing without one.
// \error UserError where it fails, which is told before anything is measured with it.
void add_features(EvaluationReport& report, const PatchSets& sets, const EvaluateInputs& inputs,
                  const EvaluateOptions& options, Progress& progress);

}  // namespace histoloom::evaluate
