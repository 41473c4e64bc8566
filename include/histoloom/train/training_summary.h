// How a training ended.
#pragma once

namespace histoloom {

enum class TrainingEnd { last_step, no_patience, stop_after };

struct TrainingSummary {
  double loss = 0;    // mean of the last tenth of the steps; if it stopped before, since the last
                      // row of the log, or in that row
  int steps = 0;      // taken, all runs together
  int best_step = 0;  // the checkpoint whose weights the bundle has
  TrainingEnd end = TrainingEnd::last_step;
};

}  // namespace histoloom
