// One step over the canvas: where its crops come from, and what becomes of them.
#pragma once

#include <cstdint>
#include <memory>

#include "crop_batch.h"
#include "histoloom/diffusion/patch_plan.h"
#include "known_cells.h"
#include "step.h"
#include "tapered_strip.h"

namespace histoloom {

class StepPass {
 public:
  virtual ~StepPass() = default;

  // The step's next crop, or false after the last. One thread.
  virtual bool next(Crop& crop) = 0;
  // The first crop that a step needs of which an earlier run has committed `crops`.
  virtual std::int64_t first_needed(std::int64_t crops) const = 0;
  // Takes the step up where an earlier run has committed `crops`, after next() has given those
  // before first_needed(), which paint `cells`. Returns how many cells lie on disk.
  virtual std::int64_t take_up(std::int64_t crops, std::int64_t cells) = 0;
  // Gets each crop with its x0; any thread.
  virtual void write(const CropData& data) = 0;
  // Gets each crop with its x0, in the order of next(). Returns how many cells it has painted.
  virtual std::int64_t collect(const CropData& data) = 0;
  // Makes the step such that it can be taken up after the last crop of next(), and returns how many
  // cells that has painted.
  virtual std::int64_t prepare_commit() { return 0; }
  // Ends the step, and returns how many cells that has painted.
  virtual std::int64_t finish() { return 0; }
};

// The crops of a step over the whole canvas, those of a tapered step if it tapers.
std::unique_ptr<PatchPlan> plan_of_step(const DiffusionModel& model, LatentSize canvas,
                                        const Sampling& sampling, int step);

// Whether a crop owns a cell of `rect`.
bool owns_any(const Crop& crop, int patch, const LatentRect& rect);

// Disjoint crops, each of which writes the cells that it owns.
class PlainPass final : public StepPass {
 public:
  // Crops that own no cell of `wanted` are left out.
  PlainPass(std::unique_ptr<PatchPlan> plan, int patch, const LatentRect& wanted,
            const CellSolver& solver, const Step& step)
      : plan_(std::move(plan)), patch_(patch), wanted_(wanted), solver_(solver), step_(step) {}

  bool next(Crop& crop) override;
  std::int64_t first_needed(std::int64_t crops) const override { return crops; }
  std::int64_t take_up(std::int64_t, std::int64_t cells) override { return cells; }
  void write(const CropData& data) override { solver_.write_owned(data, step_); }
  std::int64_t collect(const CropData& data) override;

 private:
  std::unique_ptr<PatchPlan> plan_;
  int patch_;
  LatentRect wanted_;
  const CellSolver& solver_;
  const Step& step_;
};

// Crops that overlap, averaged on a strip over the canvas.
class TaperedPass final : public StepPass {
 public:
  // Cells outside of `wanted` are not written, and crops that cover none of it are left out.
  TaperedPass(const DiffusionModel& model, const Scene& scene, const LatentRect& wanted,
              const KnownCells& known, const CellSolver& solver, const Step& step)
      : plan_(scene.labels.size(), model.patch),
        patch_(model.patch),
        wanted_(wanted),
        strip_(model, scene.labels, wanted, known, solver, step, plan_) {}

  bool next(Crop& crop) override;
  std::int64_t first_needed(std::int64_t crops) const override {
    return strip_.first_needed(crops);
  }
  std::int64_t take_up(std::int64_t crops, std::int64_t) override {
    return strip_.skip_rows(crops);
  }
  void write(const CropData&) override {}
  std::int64_t collect(const CropData& data) override { return strip_.add(data); }
  std::int64_t prepare_commit() override { return strip_.write_complete_rows(); }
  std::int64_t finish() override { return strip_.finish(); }

 private:
  TaperedPlan plan_;
  int patch_;
  LatentRect wanted_;
  TaperedStrip strip_;
};

}  // namespace histoloom
