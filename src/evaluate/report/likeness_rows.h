// The rows of the report that compare sets of patches without a network. Every function here throws
// Interrupted once `progress` asks to stop.
#pragma once

#include "histoloom/evaluate/evaluate.h"
#include "histoloom/evaluate/radial_spectrum.h"
#include "histoloom/evaluate/sliced_wasserstein.h"
#include "patch_sets.h"

namespace histoloom::evaluate {

BootstrapOptions bootstrap_of(const EvaluateOptions& options, const Progress& progress);

// What is measured of synthetic and training patches and of the reconstructions of the reference
// patches, where there are any, and shown beside one another in rows of more than one name.
struct Likeness {
  // Sliced Wasserstein distances, level by level: of synthetic from reference patches, of training
  // from reference patches, and of training patches from reconstructions.
  std::vector<LevelDistance> synthetic_levels, real_levels, reconstructed_levels;
  // Radial spectra over that of the reference patches.
  SpectrumDifference synthetic_spectrum, real_spectrum, reconstructed_spectrum;
};
Likeness measure_likeness(const PatchSets& sets, const std::vector<Picture>& reconstructions,
                          const EvaluateOptions& options, const Progress& progress);

// A row a level, finest first.
void add_sliced_wasserstein(EvaluationReport& report, const Likeness& likeness);
void add_optical_density(EvaluationReport& report, const PatchSets& sets,
                         const EvaluateOptions& options, const Progress& progress);
void add_radial_spectrum(EvaluationReport& report, const Likeness& likeness);

}  // namespace histoloom::evaluate
