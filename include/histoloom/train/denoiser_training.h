// Training of a bundle's denoiser.
#pragma once

#include <memory>

#include "histoloom/core/progress.h"
#include "histoloom/train/train_options.h"
#include "histoloom/train/training_summary.h"

namespace histoloom {

// Trains the denoiser on cached latents of the images in eight orientations, and writes the averaged
// weights in float16. DiffInfinite, Algorithm 1, with the label map instead of one label.
class DenoiserTraining {
 public:
  explicit DenoiserTraining(const TrainOptions& options);
  ~DenoiserTraining();
  TrainingSummary run(Progress& progress);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace histoloom
