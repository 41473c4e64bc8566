// Mask cells, and the finer cells that lie in them.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "histoloom/diffusion/scene.h"
#include "histoloom/labels/label_field.h"
#include "histoloom/store/latent_array.h"

namespace histoloom {

// The conditions of mask cells: a prompt's where any latent cell of it is to be painted.
class MaskConditions final : public MaskLabelField {
 public:
  // Those of mask cells with `latents_a_cell` latent cells a side. `unknown`: what is to be painted in
  // `outline`, which outlives it; `beyond`: the condition of all other cells.
  MaskConditions(const LabelField& outline, LabelId unknown, std::int64_t latents_a_cell,
                 LabelId condition, LabelId beyond)
      : outline_(outline),
        unknown_(unknown),
        factor_(latents_a_cell),
        condition_(condition),
        beyond_(beyond) {}

  MaskSize size() const override {
    return {divide_up(outline_.size().width, factor_), divide_up(outline_.size().height, factor_)};
  }
  void read(const MaskRect& rect, LabelId* out) const override;

 private:
  const LabelField& outline_;
  LabelId unknown_;
  std::int64_t factor_;
  LabelId condition_, beyond_;
};

// A painted canvas at the finer cells of a rectangle, `factor` a side in one of its cells, by the
// quadratic B-spline, so that borders between classes bend instead of following the cells. What wasn't
// painted is 0; beyond the canvas lies its border.
class EnlargedCanvas {
 public:
  template <class Space>
  EnlargedCanvas(const LatentArray& canvas, std::int64_t factor, const Rect<Space>& finer)
      : EnlargedCanvas(canvas, factor, LatentRect{finer.x0, finer.y0, finer.x1, finer.y1}) {}
  EnlargedCanvas(const LatentArray& canvas, std::int64_t factor, const LatentRect& finer);

  // One channel: a value for each of the finer cells, row by row.
  std::vector<float> channel(std::int64_t channel) const;

 private:
  std::int64_t factor_;
  LatentRect finer_, cells_;
  std::vector<float> values_;  // of cells_
};

// A canvas of larger mask cells as the estimate that finer ones are painted from.
class EnlargedMask final : public CleanField {
 public:
  // The canvas outlives it.
  EnlargedMask(const LatentArray& canvas, std::int64_t factor) : canvas_(canvas), factor_(factor) {}
  void read(const LatentRect& rect, float* out) const override;

 private:
  const LatentArray& canvas_;
  std::int64_t factor_;
};

// An outline, and in its unknown cells the class that a painted canvas has most of there.
class PaintedLabels final : public LabelField {
 public:
  // `classes`: the label of each channel of the canvas.
  PaintedLabels(std::unique_ptr<LabelField> outline, LatentArray canvas, LabelId unknown,
                std::int64_t latents_a_cell, std::vector<LabelId> classes)
      : outline_(std::move(outline)),
        canvas_(std::move(canvas)),
        unknown_(unknown),
        factor_(latents_a_cell),
        classes_(std::move(classes)) {}

  CellSize size() const override { return outline_->size(); }
  void read(const CellRect& rect, LabelId* out) const override;

 private:
  // The class with the largest value, latent cell by latent cell; on a tie the lowest.
  std::vector<LabelId> classes_of(const CellRect& rect) const;

  std::unique_ptr<LabelField> outline_;
  LatentArray canvas_;
  LabelId unknown_;
  std::int64_t factor_;
  std::vector<LabelId> classes_;
};

}  // namespace histoloom
