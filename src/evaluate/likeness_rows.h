// The rows of the report that compare sets of patches without a network.
#pragma once

#include "histoloom/evaluate/evaluate.h"
#include "histoloom/evaluate/patch_sampling.h"
#include "histoloom/evaluate/sliced_wasserstein.h"

namespace histoloom::evaluate {

// The patches of an evaluation; the first three hold equally many.
struct PatchSets {
  std::vector<Picture> synthetic, reference, training;
  std::vector<Picture> searched;  // for copies: the training patches, and more after them
};

// Equally many patches on either side.
std::vector<LevelDistance> sliced_distances(const std::vector<Picture>& first,
                                            const std::vector<Picture>& second,
                                            const EvaluateOptions& options);

void add_sliced_wasserstein(EvaluationReport& report, const PatchSets& sets,
                            const EvaluateOptions& options);
void add_optical_density(EvaluationReport& report, const PatchSets& sets,
                         const EvaluateOptions& options);
void add_radial_spectrum(EvaluationReport& report, const PatchSets& sets,
                         const EvaluateOptions& options);
void add_copying(EvaluationReport& report, const PatchSets& sets);

}  // namespace histoloom::evaluate
