// The rows of the report that compare sets of patches without a network. Every function here throws
// Interrupted once `progress` asks to stop.
#pragma once

#include "histoloom/evaluate/evaluate.h"
#include "histoloom/evaluate/sliced_wasserstein.h"
#include "patch_sets.h"

namespace histoloom::evaluate {

BootstrapOptions bootstrap_of(const EvaluateOptions& options, const Progress& progress);

// Sliced Wasserstein distances, level by level: of synthetic from reference patches, of training
// from reference patches, and of training patches from reconstructions of the reference patches,
// where there are any.
struct LevelDistances {
  std::vector<LevelDistance> synthetic, real, reconstructed;
};
LevelDistances measure_levels(const PatchSets& sets, const std::vector<Picture>& reconstructions,
                              const EvaluateOptions& options, const Progress& progress);

// A row a level, finest first.
void add_sliced_wasserstein(EvaluationReport& report, const LevelDistances& distances);
void add_optical_density(EvaluationReport& report, const PatchSets& sets,
                         const EvaluateOptions& options, const Progress& progress);
void add_radial_spectrum(EvaluationReport& report, const PatchSets& sets,
                         const EvaluateOptions& options, const Progress& progress);

}  // namespace histoloom::evaluate
