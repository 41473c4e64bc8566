// The checkpoint of a training: where it stood, weights, averaged weights and optimiser, in an
// archive of torch's; its SHA-256 is the file's last line.
//
// It is written in two halves, so that a row of the log comes in between: write() puts everything
// into NAME.tmp, which is where a full disk shows, and commit() syncs it and gives it its name. A
// kill in between leaves the checkpoint before, from which the rest is done again. The bundle's
// weights, whose sum it holds, are replaced after it.
#pragma once

#include <torch/serialize/archive.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "best_checkpoint.h"
#include "histoloom/core/file.h"
#include "histoloom/core/sha256.h"
#include "histoloom/networks/denoiser.h"
#include "histoloom/train/train_options.h"
#include "optimizer.h"
#include "training_lock.h"

namespace histoloom {

struct RunningMean {
  double sum = 0;
  std::int64_t count = 0;
  void add(double value) { sum += value, ++count; }
  double get() const { return count > 0 ? sum / static_cast<double>(count) : 0; }
};

// The SHA-256 of the weights that the bundle has before a checkpoint is there, and of those that it
// gets with it. Empty: none, or a checkpoint of a version that stored no sums.
struct BundledSums {
  std::string before, now;
};

// Where a training stands.
struct TrainingState {
  int step = 0;            // steps taken
  double seconds = 0;      // of training, all runs together
  RunningMean since_row;   // losses since the last row of the log
  std::int64_t steps = 0;  // that the training is to take
  RunningMean tail;        // losses of the last tenth of them
  BestCheckpoint best;
  BundledSums bundled;
};

// What a training changes.
struct TrainedTensors {
  NamedTensors parameters;
  std::vector<at::Tensor> averaged;  // as parameters
  Optimizer optimizer;
};

// What decides the curve of a training beside its schedule: an option, or what else it is, and its
// value as text.
struct TrainingSetting {
  std::string option, value;
};
// Those that every training has.
std::vector<TrainingSetting> settings_of(const TrainOptions& options);
// Names and contents of images, as a value: their number and a checksum.
std::string describe(const std::vector<TrainingImage>& images);
// What was added to a checksum, as a value.
std::string describe(Sha256& sum);
// The images that a training learns from and those that it is measured on, as settings.
std::vector<TrainingSetting> settings_of(const std::vector<TrainingImage>& training,
                                         const std::vector<TrainingImage>& held_out);

class TrainingCheckpoint {
 public:
  // `kind` of network and `settings` are stored with it. Nothing is touched.
  TrainingCheckpoint(std::filesystem::path path, std::string kind,
                     std::vector<TrainingSetting> settings);

  const std::filesystem::path& path() const { return path_; }

  // Keeps other trainings from writing it. UserError unless a training may begin that does: its
  // directory takes files; no other training has it; there is one to `resume` from, else none that
  // is in the way or it may be replaced (`force`), which no file of another kind may.
  void claim(bool resume, bool force);

  // Writes everything but the last bytes aside. \error DiskFull, UserError
  void write(const TrainingState& state, const TrainedTensors& trained);
  // Puts what was written in place. \error DiskFull, UserError
  void commit();

  // Reads the file into `trained`, whose tensors have the shapes of those that were written.
  // UserError where it is damaged, of another network, or was started with another setting, which
  // is named. Those from before settings were stored are taken as they are.
  TrainingState read(TrainedTensors& trained) const;

 private:
  void require_same_settings(torch::serialize::InputArchive& archive) const;
  TrainingState read_archive(torch::serialize::InputArchive& archive,
                             TrainedTensors& trained) const;
  void require_fitting(bool resume, bool force) const;
  void require_own_log(bool force) const;
  std::string not_ours() const;

  std::filesystem::path path_;
  std::string kind_;
  std::vector<TrainingSetting> settings_;
  std::unique_ptr<FileReplacement> aside_;
  std::optional<TrainingLock> lock_;
};

}  // namespace histoloom
