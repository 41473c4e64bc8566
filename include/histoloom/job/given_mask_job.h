// The labels of a slide alone, of a mask: `histoloom mask --mask`, which needs no network.
#pragma once

#include <memory>

#include "histoloom/core/progress.h"
#include "histoloom/job/mask_spec.h"

namespace histoloom {

// Writes what MaskJob writes for the same spec, without a network and without what computes one.
//
// In memory: a byte a cell, the pyramid's strips and the boundaries that annotations are traced along.
class GivenMaskJob {
 public:
  // Checks files and the model's label set, and reads the mask, which the spec names. Writes
  // nothing. \error UserError for anything that can't be used.
  explicit GivenMaskJob(const MaskJobSpec& spec);
  ~GivenMaskJob();
  GivenMaskJob(GivenMaskJob&&) noexcept;

  void run(Progress& progress);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace histoloom
