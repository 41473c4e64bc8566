// The patches of an evaluation.
#pragma once

#include "histoloom/evaluate/evaluate.h"
#include "histoloom/evaluate/patch_sampling.h"

namespace histoloom::evaluate {

// The sets of the report: what was made; real patches to hold it against, held out where there are
// such images; and the real ones beside them, that a model was trained on.
struct PatchSets {
  PatchSet synthetic, reference;  // equally many patches
  PatchSet training;              // at least as many: all of them are searched for copies

  // Patches of a set that is compared.
  std::size_t count() const { return synthetic.patches.size(); }
  Sample synthetic_sample() const { return {synthetic.patches, synthetic.parts}; }
  Sample reference_sample() const { return {reference.patches, reference.parts}; }
  // The first training patches, as many as the other sets have.
  Sample training_sample() const {
    return {Pictures(training.patches).first(count()), std::span(training.parts).first(count())};
  }
};

// Reads all patches; the sets that are compared are cut to the size of the smallest. Warns where
// that is far below what one side of the real images holds, and where both sides are one image.
// \error UserError that names the option where a set has fewer than 2.
PatchSets read_sets(const EvaluateInputs& inputs, const EvaluateOptions& options,
                    Progress& progress);

}  // namespace histoloom::evaluate
