// The rows of the report that need a network.
#pragma once

#include "likeness_rows.h"

namespace histoloom::evaluate {

// What the bundle's autoencoder makes of patches; nothing without a bundle. \error Interrupted.
std::vector<Picture> reconstructions_of(Pictures patches, const EvaluateInputs& inputs,
                                        const Progress& progress);

// How the autoencoder gives the reference patches back: `reconstructions`, whose `likeness` is
// measured already. Nothing without any.
void add_reconstruction(EvaluationReport& report, const PatchSets& sets,
                        const std::vector<Picture>& reconstructions, const Likeness& likeness,
                        const EvaluateOptions& options, const Progress& progress);

// Distances, precision and recall and copying by the feature network. Nothing without one.
// \error UserError where it fails, which is told before anything is measured with it.
void add_features(EvaluationReport& report, const PatchSets& sets, const EvaluateInputs& inputs,
                  const EvaluateOptions& options, Progress& progress);

}  // namespace histoloom::evaluate
