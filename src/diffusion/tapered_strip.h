// The strip of a tapered step: weighted sums of x0 over the rows that one band of crops covers.
#pragma once

#include <functional>
#include <vector>

#include "histoloom/diffusion/patch_plan.h"
#include "histoloom/labels/label_field.h"
#include "known_cells.h"
#include "step.h"

namespace histoloom {

// Crops come in reading order. When a crop of the next band comes, the rows above it are complete:
// they are advanced, written, and the rest moves to the top of the strip.
class TaperedStrip {
 public:
  TaperedStrip(const ModelBundle& bundle, const LabelField& labels, const KnownCells& known,
               const CellSolver& solver, const Step& step);

  // A step whose first `crops` crops lie on disk as settle() left them is taken up at the crop
  // first_needed(crops): rows that are not complete need its like again. skip_rows() passes over
  // those that are, and returns how many painted cells they hold. Of more crops than the step has,
  // all are needed, which next() then does not have.
  std::int64_t first_needed(std::int64_t crops) const;
  std::int64_t skip_rows(std::int64_t crops);
  // The next crop's corner, owning all its cells, or false after the last.
  bool next(Crop& crop);
  // Adds the x0 of a crop (its `prediction`), in the order of next(). Crops may be left out where
  // all their cells are known. Returns how many cells were written.
  std::int64_t add(const CropWork& work);
  // Writes the rows that no crop still to come covers, so that the step can be taken up after the
  // last crop of next(), all of which have been added. Returns how many cells were written.
  std::int64_t settle();
  // Writes what is left, after the last crop.
  std::int64_t finish();

 private:
  // The first row that crops from the one at `index` on cover.
  std::int64_t first_open_row(std::int64_t index) const;
  std::int64_t write_rows_above(std::int64_t y);
  // Writes the strip's cells of `rect`, which lies within its rows; how many were painted.
  std::int64_t write_block(const LatentRect& rect) const;
  // Calls visit(run) for every run of painted cells in a row of `rect`.
  template <class Visit>
  void for_each_run(const LatentRect& rect, Visit&& visit) const;

  const ModelBundle& bundle_;
  const LabelField& labels_;
  const KnownCells& known_;
  const CellSolver& solver_;
  const Step& step_;
  LatentSize canvas_;
  TaperedAxis xs_, ys_;
  std::int64_t at_ = 0;     // of the next crop
  std::int64_t top_ = 0;    // the canvas row of the strip's first
  std::vector<float> sum_;  // [channels, patch, width]
};

}  // namespace histoloom
