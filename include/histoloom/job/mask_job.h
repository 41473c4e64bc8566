// The labels of a slide alone: `histoloom mask`.
#pragma once

#include <memory>

#include "histoloom/core/progress.h"
#include "histoloom/job/mask_spec.h"

namespace histoloom {

// Makes the same labels as `generate` with the same options, and writes them as a label pyramid
// (spec.files.mask_out, which is needed). Annotations and a report are written if asked for.
//
// In memory, of a layout: its runs of cells, the pyramid's strips and the boundaries that
// annotations are traced along. Of a mask also: a byte a cell.
class MaskJob {
 public:
  // Checks options, files and the model's label set, and reads the mask. Writes nothing.
  // \error UserError for anything that can't be used.
  explicit MaskJob(const MaskJobSpec& spec);
  ~MaskJob();
  MaskJob(MaskJob&&) noexcept;

  void run(Progress& progress);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace histoloom
