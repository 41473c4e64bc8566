// The labels of a slide, one id a latent cell, read by rectangles.
#pragma once

#include <cstdint>
#include <vector>

#include "histoloom/core/geometry.h"
#include "histoloom/labels/label_set.h"

namespace histoloom {

class LabelField {
 public:
  virtual ~LabelField() = default;
  virtual LatentSize size() const = 0;
  // Copies the ids of `rect`, which lies inside the field, row by row to `out`. Any thread.
  virtual void read(const LatentRect& rect, LabelId* out) const = 0;
};

// A field held in memory: one byte a cell (164 MB for 100,000 px a side at 8 px a cell).
class LabelGrid final : public LabelField {
 public:
  LabelGrid(LatentSize size, LabelId fill);
  LatentSize size() const override { return size_; }
  void read(const LatentRect& rect, LabelId* out) const override;
  LabelId& at(LatentPoint p) { return cells_[static_cast<std::size_t>(p.y * size_.width + p.x)]; }
  LabelId at(LatentPoint p) const {
    return cells_[static_cast<std::size_t>(p.y * size_.width + p.x)];
  }
  const std::vector<LabelId>& cells() const { return cells_; }

 private:
  LatentSize size_;
  std::vector<LabelId> cells_;
};

// Share of the cells that are not `glass`, in [0, 1].
double tissue_fraction(const LabelField& field, LabelId glass);

}  // namespace histoloom
