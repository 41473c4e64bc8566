// The row of the report that asks whether generated tissue follows its labels.
#pragma once

#include <array>

#include "histoloom/evaluate/evaluate.h"

namespace histoloom::evaluate {

// A window of one of the two classes.
struct LabelledPlace {
  std::size_t source = 0;
  PixelRect rect;
};
using PlacesByClass = std::array<std::vector<LabelledPlace>, 2>;

struct ClassPlaces {
  PlacesByClass training, held_out, synthetic;
};

// Reads the masks. Nothing without classes. \error UserError where a mask can't be used, or a side
// has no window of a class; Interrupted.
ClassPlaces find_class_places(const EvaluateInputs& inputs, const EvaluateOptions& options,
                              const Progress& progress);

// Trains the classifier on labelled windows of real images and applies it to held-out real ones and
// to synthetic ones. Warns where there are too few images for an interval. \error UserError where
// an image is damaged; Interrupted.
void add_classes(EvaluationReport& report, const EvaluateInputs& inputs,
                 const EvaluateOptions& options, const ClassPlaces& places, Progress& progress);

}  // namespace histoloom::evaluate
