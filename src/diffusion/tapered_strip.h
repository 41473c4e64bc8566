// The strip of a tapered step: weighted sums of x0 over the rows that one band of crops covers.
#pragma once

#include <functional>
#include <vector>

#include "histoloom/diffusion/patch_plan.h"
#include "histoloom/labels/label_field.h"
#include "histoloom/networks/diffusion_model.h"
#include "known_cells.h"
#include "step.h"

namespace histoloom {

// Crops come in reading order. When a crop of the next band comes, the rows above it are complete:
// they are advanced, written, and the rest moves to the top of the strip.
class TaperedStrip {
 public:
  // Advances the cells of `area`, all of the canvas or a part of it. Crops that don't meet it may be
  // left out.
  TaperedStrip(const DiffusionModel& model, const CanvasLabelField& labels, const LatentRect& area,
               const KnownCells& known, const CellSolver& solver, const Step& step,
               const TaperedPlan& plan);

  // The first crop that is needed of a step whose first `crops` crops lie on disk, as
  // write_complete_rows() left them: rows that are not complete need all crops that cover them. All
  // crops are needed if the step has fewer.
  std::int64_t first_needed(std::int64_t crops) const;
  // Passes over the rows that are complete after `crops` crops. Returns how many painted cells they
  // hold.
  std::int64_t skip_rows(std::int64_t crops);
  // Adds the x0 of a crop, in the plan's order. Crops may be left out if all their cells are known.
  // Returns how many cells were written.
  std::int64_t add(const CropData& data);
  // Writes the rows that no crop still to come covers, so that the step can be taken up after the
  // last crop that the plan has given, all of which have been added. Returns how many cells were
  // written.
  std::int64_t write_complete_rows();
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

  const DiffusionModel& model_;
  const CanvasLabelField& labels_;
  const KnownCells& known_;
  const CellSolver& solver_;
  const Step& step_;
  LatentSize canvas_;
  LatentRect area_;
  const TaperedPlan& plan_;
  const TaperedAxis &xs_, &ys_;
  std::int64_t top_;        // the canvas row of the strip's first
  std::vector<float> sum_;  // [channels, patch, width of the area]
};

}  // namespace histoloom
