// Which crops advance the canvas in one step.
//
// A plan hands out crops one after the other, in an order that depends only on the seed and the
// step. A crop reads a whole patch inside the canvas and owns some of its cells. Every cell of the
// canvas is owned by exactly one crop of a step.
//
// Example: a canvas of 70 × 32 cells, patches of 32, and `shifted` with an offset of 10. The crops
// own the columns [0, 10), [10, 42) and [42, 70), and read patches at the columns 0, 10 and 38. The
// last patch is clamped to the canvas, and what the crops read overlaps.
//
// A tapered plan is different: its crops overlap on purpose, and one to four of them cover a cell.
// The predictions of these crops are averaged with weights that sum to one.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "histoloom/core/geometry.h"
#include "histoloom/core/noise.h"
#include "histoloom/vocabulary/sampler.h"

namespace histoloom {

struct Crop {
  LatentPoint corner;               // upper left cell of the patch that is read
  std::vector<std::uint8_t> owned;  // patch × patch flags, row by row
};

class PatchPlan {
 public:
  virtual ~PatchPlan() = default;
  // The next crop, or false after the last. One thread at a time.
  virtual bool next(Crop& crop) = 0;
};

// Crops of step `step` over `canvas`, which is at least `patch` cells a side.
//   shifted  a grid of disjoint crops at an offset of the R2 low-discrepancy sequence (Roberts
//            2018), started by the seed.
//   random   DiffInfinite, Algorithm 2: each crop is centred on a random cell that none covers yet,
//            clamped to the canvas. The first crop that covers a cell owns it. The cells are drawn
//            through a random permutation, so memory is one bit a cell.
std::unique_ptr<PatchPlan> make_plan(PlanKind kind, LatentSize canvas, int patch,
                                     std::uint64_t seed, int step);

// One axis of a tapered plan: where patches start and how they are weighted.
struct TaperedAxis {
  std::vector<std::int64_t> starts;  // first cells, from 0 on; the last patch ends at the end
  std::vector<std::vector<float>> weights;  // patch weights a start; they sum to 1 at every cell
};

// Cells that neighbouring patches of a tapered step share at least: enough to hide a seam, at 1.8
// times the crops.
int tapered_overlap(int patch);

// Patches over `length` cells that overlap by at least `overlap` cells, raised-cosine weights.
TaperedAxis make_tapered_axis(std::int64_t length, int patch, int overlap);

// The crops of a tapered step in reading order, each owning all its cells.
class TaperedPlan final : public PatchPlan {
 public:
  TaperedPlan(LatentSize canvas, int patch);

  bool next(Crop& crop) override;
  const TaperedAxis& across() const { return xs_; }
  const TaperedAxis& down() const { return ys_; }
  // Crops of the whole step, and those that next() has given.
  std::int64_t crops() const;
  std::int64_t given() const { return given_; }

 private:
  int patch_;
  TaperedAxis xs_, ys_;
  std::int64_t given_ = 0;
};

}  // namespace histoloom
