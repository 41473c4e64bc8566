// Training of a bundle's mask denoiser.
#pragma once

#include <memory>

#include "histoloom/core/progress.h"
#include "histoloom/train/train_options.h"
#include "histoloom/train/training_summary.h"

namespace histoloom {

struct MaskReport {
  TrainingSummary training;  // losses are mean square errors over that of knowing nothing (1)
  // The share of annotated cells of held-out images whose class is guessed as masks are completed:
  // from the image. Of the training images if none is held out; NaN if no mask has an image.
  double completion_accuracy = 0;
};

// Trains the mask denoiser on masks that are completed first (docs/training.md), writes the
// averaged weights in float16.
class MaskTraining {
 public:
  explicit MaskTraining(const TrainOptions& options);
  ~MaskTraining();
  MaskReport run(Progress& progress);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace histoloom
