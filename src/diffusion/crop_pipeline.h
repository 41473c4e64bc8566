// Crops from the plan through the denoiser to the disk, side by side.
//
// Reading and writing have threads of their own beside those of the denoiser, so that the networks
// never wait for the disk: while one group of crops is evaluated, the next ones are read and the
// ones before are advanced and written.
#pragma once

#include <functional>
#include <vector>

#include "crop_batch.h"

namespace histoloom {

// Crops that fill a batch.
using CropGroup = std::vector<CropData>;

// What is done to a crop, in this order.
struct CropStages {
  std::function<bool(CropData&)> next;           // chooses it; one thread; false: no more
  std::function<void(CropData&)> read;           // any thread
  std::function<void(CropGroup&)> predict;       // on at most `threads` threads
  std::function<void(CropData&)> write;          // any thread
  std::function<void(const CropData&)> collect;  // one thread, in the order of next()
};

// Runs crops in groups of `group` through the stages until next() has no more; then nothing is
// under way. A few groups a thread are in memory. Throws what a stage throws.
void run_crops(const CropStages& stages, std::size_t group, int threads);

}  // namespace histoloom
