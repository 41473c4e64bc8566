// Which checkpoint had the lowest held-out loss, and when to stop waiting for a lower one.
#pragma once

#include <cstdint>

namespace histoloom {

struct BestCheckpoint {
  std::int64_t step = 0;  // 0: none was measured yet
  double loss = 0;
  std::int64_t checkpoints_since = 0;

  // Notes a checkpoint's held-out loss; true where it is the lowest so far. An equal one is not.
  bool observe(std::int64_t at, double held_out_loss) {
    const bool lowest = step == 0 || held_out_loss < loss;
    if (lowest)
      *this = {at, held_out_loss, 0};
    else
      ++checkpoints_since;
    return lowest;
  }
  // Whether `patience` checkpoints have passed without a lower loss; never with a patience of 0.
  bool given_up(int patience) const { return patience > 0 && checkpoints_since >= patience; }
};

}  // namespace histoloom
