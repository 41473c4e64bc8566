// What every training loop shares: AdamW, the learning rate, averaged weights and checkpoints.
#pragma once

#include <torch/torch.h>

#include <filesystem>
#include <functional>
#include <string>

#include "histoloom/core/progress.h"
#include "histoloom/model/denoiser.h"
#include "histoloom/train/train.h"

namespace histoloom {

// Has networks compute on `threads` threads, 0 for all cores. Asked for outright: OpenMP's own
// default is one thread on some machines.
void use_threads(int threads);

class TrainingLoop {
 public:
  // `kind` is stored in the checkpoint; another network's checkpoint is refused.
  // `weights` gets the averaged weights in float16 with every checkpoint.
  TrainingLoop(std::string kind, NamedTensors parameters, const TrainOptions& options,
               std::filesystem::path weights);

  // Draws step after step from where the checkpoint ended. `loss_of(step)` builds the loss; torch's
  // generator has been seeded with the job's seed and the step. Returns the mean loss of the last
  // tenth of the steps. Throws Interrupted, after a checkpoint, when the user stops it, and
  // UserError when the loss is no longer finite.
  double run(const std::function<at::Tensor(int step)>& loss_of, Progress& progress);

  // Copies the averaged weights into the network.
  void use_averaged();

 private:
  double learning_rate(int step) const;
  void save(int step) const;
  int load();
  void average(int step);

  std::string kind_;
  std::filesystem::path weights_;
  NamedTensors parameters_;
  const TrainOptions& options_;
  std::vector<at::Tensor> averaged_;
  torch::optim::AdamW optimizer_;
};

}  // namespace histoloom
