// The rows of the report that compare sets of patches without a network. Every function here throws
// Interrupted once `progress` asks to stop.
#pragma once

#include "histoloom/evaluate/evaluate.h"
#include "patch_sets.h"

namespace histoloom::evaluate {

// What stands in rows of sliced Wasserstein distances; the sets hold equally many patches.
struct LevelRows {
  const char* measure;
  const char* prefix;           // of the level, "256 px"
  Pictures judged, real, from;  // the distance of the first two from the third
};

BootstrapOptions bootstrap_of(const EvaluateOptions& options, const Progress& progress);

// A row a level, finest first.
void add_level_distances(EvaluationReport& report, const LevelRows& rows,
                         const EvaluateOptions& options, const Progress& progress);

void add_sliced_wasserstein(EvaluationReport& report, const PatchSets& sets,
                            const EvaluateOptions& options, const Progress& progress);
void add_optical_density(EvaluationReport& report, const PatchSets& sets,
                         const EvaluateOptions& options, const Progress& progress);
void add_radial_spectrum(EvaluationReport& report, const PatchSets& sets,
                         const EvaluateOptions& options, const Progress& progress);
// Of patches that show next to no glass. Without two of them in a set: a warning, and no rows.
void add_copying(EvaluationReport& report, const PatchSets& sets, Progress& progress);

}  // namespace histoloom::evaluate
