// What every training loop shares: AdamW, the learning rate, averaged weights, checkpoints, the log
// and the end.
#pragma once

#include <torch/torch.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>

#include "best_checkpoint.h"
#include "histoloom/core/progress.h"
#include "histoloom/model/denoiser.h"
#include "histoloom/train/train.h"
#include "training_log.h"
#include "training_picture.h"

namespace histoloom {

// Has networks compute on `threads` threads, 0 for all cores. Asked for outright: OpenMP's own
// default is one thread on some machines.
void use_threads(int threads);

// What a loop asks of a network; each call draws another batch from torch's generator.
struct Losses {
  std::function<at::Tensor()> training;  // with a graph to go back through
  std::function<at::Tensor()> held_out;  // on images that are held out; empty where none are
  // Pictures of what the averaged weights can do, for CHECKPOINT.png; always drawn with the same
  // seed. Empty: curves only.
  std::function<std::vector<SampleRow>()> samples;
};

class TrainingLoop {
 public:
  // `kind` is stored in the checkpoint; another network's checkpoint is refused.
  // `weights` gets the averaged weights in float16 with every checkpoint; where there is patience
  // only with one whose held-out loss is the lowest so far.
  TrainingLoop(std::string kind, NamedTensors parameters, const TrainOptions& options,
               std::filesystem::path weights);

  // Takes step after step from where the checkpoint ended. Torch's generator is seeded with the
  // job's seed and the step before a step's loss; before the held-out loss, which is measured over
  // eight batches with the averaged weights at every checkpoint, with the seed and the batch, so
  // that checkpoints are compared on the same crops, noise and times. Throws Interrupted, after a
  // checkpoint, when the user stops it, and UserError when a loss is no longer finite.
  TrainingSummary run(const Losses& losses, Progress& progress);

  // Copies what the bundle got into the network: the averaged weights, with patience those of the
  // best checkpoint.
  void use_kept();

 private:
  struct Mean {
    double sum = 0;
    std::int64_t count = 0;
    void add(double value) { sum += value, ++count; }
    double get() const { return count > 0 ? sum / static_cast<double>(count) : 0; }
  };

  double learning_rate(int step) const;
  double take_step(const Losses& losses);
  void average();
  void swap_averaged();
  double held_out_loss(const Losses& losses);
  void draw_picture(const Losses& losses, Progress& progress);
  double seconds() const;
  LogRow next_row(const Losses& losses);
  void require_finite(double loss, const char* what) const;
  void checkpoint(const Losses& losses, Progress& progress);
  std::filesystem::path aside() const;
  void write_checkpoint() const;
  void write_weights() const;
  void commit(bool keep) const;
  void load();
  void read_checkpoint(const std::string& not_ours);
  TrainingSummary summary() const;

  std::string kind_;
  std::filesystem::path weights_;
  NamedTensors parameters_;
  const TrainOptions& options_;
  std::vector<at::Tensor> averaged_;
  torch::optim::AdamW optimizer_;
  TrainingLog log_;
  BestCheckpoint best_;
  Mean since_row_, tail_;
  std::string held_out_;       // the last held-out loss, for the progress
  int step_ = 0;               // steps taken
  double seconds_before_ = 0;  // of training, up to the start of this run
  std::chrono::steady_clock::time_point started_;
};

}  // namespace histoloom
