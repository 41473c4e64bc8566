// Labels, one id a cell, read by rectangles.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "histoloom/core/error.h"
#include "histoloom/core/geometry.h"
#include "histoloom/vocabulary/label_set.h"

namespace histoloom {

// Labels by cells of a space: of a slide, of a canvas, of mask cells.
template <class Space>
class BasicLabelField {
 public:
  virtual ~BasicLabelField() = default;
  virtual Size<Space> size() const = 0;
  // Copies the ids of `rect`, which lies inside the field, row by row to `out`. Any thread.
  virtual void read(const Rect<Space>& rect, LabelId* out) const = 0;
};

using LabelField = BasicLabelField<CellSpace>;
using CanvasLabelField = BasicLabelField<LatentSpace>;
using MaskLabelField = BasicLabelField<MaskSpace>;

// A field in memory: one byte a cell (164 MB for 100,000 px a side at 8 px a cell).
template <class Space>
class BasicLabelGrid final : public BasicLabelField<Space> {
 public:
  BasicLabelGrid(Size<Space> size, LabelId fill) : size_(size) {
    check_internal(!size.empty(), "a label grid needs at least one cell");
    cells_.assign(static_cast<std::size_t>(size.area()), fill);
  }
  Size<Space> size() const override { return size_; }
  void read(const Rect<Space>& rect, LabelId* out) const override {
    check_internal(Rect<Space>::of(size_).contains(rect), "labels are read outside of their field");
    for (std::int64_t y = rect.y0; y < rect.y1; ++y)
      out = std::copy_n(cells_.data() + y * size_.width + rect.x0, rect.width(), out);
  }
  LabelId& at(Point<Space> p) { return cells_[static_cast<std::size_t>(p.y * size_.width + p.x)]; }
  LabelId at(Point<Space> p) const {
    return cells_[static_cast<std::size_t>(p.y * size_.width + p.x)];
  }
  const std::vector<LabelId>& cells() const { return cells_; }

 private:
  Size<Space> size_;
  std::vector<LabelId> cells_;
};

using LabelGrid = BasicLabelGrid<CellSpace>;
using CanvasLabelGrid = BasicLabelGrid<LatentSpace>;

// Share of the cells that are not `glass`, in [0, 1].
double tissue_fraction(const LabelField& field, LabelId glass);

}  // namespace histoloom
