// What every training loop shares: the optimiser, the learning rate, averaged weights, checkpoints,
// the log and the end.
#pragma once

#include <ATen/ATen.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "histoloom/bundle/bundle.h"
#include "histoloom/bundle/stated_weights.h"
#include "histoloom/bundle/weights_sum.h"
#include "histoloom/core/file.h"
#include "histoloom/core/progress.h"
#include "histoloom/networks/denoiser.h"
#include "histoloom/train/train_options.h"
#include "histoloom/train/training_summary.h"
#include "training_checkpoint.h"
#include "training_lock.h"
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
  // Called with the averaged weights in the network whenever the bundle gets them; may be empty.
  std::function<void()> bundled;
};

// What a loop works on.
struct LoopTask {
  std::string kind;               // stored in the checkpoint; another network's is refused
  NamedTensors parameters;        // of the network
  std::filesystem::path weights;  // get the averaged weights in float16 with every checkpoint
  int batch = 0;                  // patches a step
  OptimizerKind optimizer = OptimizerKind::adamw;
  // What the curve depends on beside the options: a checkpoint of another is refused.
  std::vector<TrainingSetting> settings;
  // What model.json states of the weights; missing: nothing does.
  std::optional<StatedWeights> stated = std::nullopt;
};

class TrainingLoop {
 public:
  // Checks that a checkpoint can be written, and reads it where the training is resumed: `options`
  // outlive the loop. Until its end no other training writes the checkpoint or the weights.
  // UserError as TrainingCheckpoint, for weights that can't be written, and for weights that this
  // training did not make and would replace, unless `options` force it.
  TrainingLoop(LoopTask task, const TrainOptions& options);

  // Takes step after step from where the checkpoint ended. Torch's generator is seeded with the
  // job's seed and the step before a step's loss; before the held-out loss, which is measured over
  // eight batches with the averaged weights at every checkpoint, with the seed and the batch, so
  // that checkpoints are compared on the same crops, noise and times. Where there is patience, the
  // bundle gets only weights whose held-out loss is the lowest so far. Throws Interrupted, after a
  // checkpoint, when the user stops it, and UserError when a loss or a gradient is no longer
  // finite.
  TrainingSummary run(const Losses& losses, Progress& progress);

  // Copies what the bundle got into the network: the averaged weights, with patience those of the
  // best checkpoint.
  void use_bundled();

  // Whether the bundle's weights are this training's. A training that was done before it was resumed
  // leaves weights of others where they are.
  bool owns_bundle() const { return !foreign_; }

 private:
  void claim_files();
  void require_own_weights();
  bool made(const std::string& sum) const;
  int last_step() const;
  bool is_done() const;
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
  void checkpoint_between_rows(const Losses& losses);
  std::string averaged_weights() const;
  void write_weights_aside();
  void write_aside(bool keep);
  void commit(const Losses& losses);
  void put_into_bundle(const Losses& losses);
  bool bundle_lags() const;
  void take_steps(const Losses& losses, Progress& progress);
  double last_loss() const;
  TrainingSummary summary() const;

  std::string kind_;
  std::filesystem::path weights_;
  std::optional<StatedWeights> stated_;
  std::optional<TrainingLock> weights_lock_;
  std::unique_ptr<FileReplacement> new_weights_;
  std::string new_sum_;     // of what is written aside
  std::string bundle_sum_;  // of the weights in the bundle; empty: it has none
  bool foreign_ = false;
  const TrainOptions& options_;
  TrainedTensors trained_;
  TrainingCheckpoint checkpoint_;
  TrainingLog log_;
  TrainingState state_;
  std::string held_out_;       // the last held-out loss, for the progress
  double seconds_before_ = 0;  // of training, up to the start of this run
  std::chrono::steady_clock::time_point started_;
};

// What `make` makes of a network of the bundle, ready to be trained: with its weights if they are
// there, else with fresh ones that options.seed decides. UserError as require_stated_weights() and
// load_parameters().
template <class Make>
auto network_to_train(Make&& make, const ModelBundle& bundle, const NetworkSpec& spec,
                      const TrainOptions& options) {
  at::manual_seed(options.seed);  // before the network draws its first weights
  auto network = make();
  if (std::filesystem::exists(spec.weights)) {
    require_stated_weights(bundle, spec);
    load_parameters(network->parameters(), spec.weights);
  }
  network->set_training_dtype(options.dtype);
  return network;
}

}  // namespace histoloom
