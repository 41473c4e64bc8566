// The patches of an evaluation.
#pragma once

#include "histoloom/evaluate/evaluate.h"
#include "histoloom/evaluate/patch_sampling.h"

namespace histoloom::evaluate {

struct PatchSets {
  PatchSet synthetic, reference;  // equally many patches
  PatchSet searched;              // for copies; at least as many

  // Patches of a set that is compared.
  std::size_t count() const { return synthetic.patches.size(); }
  Sample made() const { return {synthetic.patches, synthetic.parts}; }
  Sample held_out() const { return {reference.patches, reference.parts}; }
  // The first of those that are searched, as many as the other sets have.
  Sample training() const {
    return {Pictures(searched.patches).first(count()), std::span(searched.parts).first(count())};
  }
};

// Reads all patches; the sets that are compared are cut to the size of the smallest. Warns where
// that is far below what one side of the real images holds, and where both sides are one image.
// \error UserError that names the option where a set has fewer than 2.
PatchSets read_sets(const EvaluateInputs& inputs, const EvaluateOptions& options,
                    Progress& progress);

}  // namespace histoloom::evaluate
