// The labels of a slide by the cells of a coarser stage.
#pragma once

#include <optional>

#include "histoloom/labels/label_field.h"

namespace histoloom {

// A cell has the label that most of the slide's cells in it have; glass counts only if there is
// nothing else, so that no tissue of a finer stage lies on what a coarser one takes for glass. On a
// tie the lowest id counts.
class CoarserLabels final : public LabelField {
 public:
  // `size` cells, each `factor` (at least 1) cells of `slide` along a side; `slide` outlives it.
  CoarserLabels(const LabelField& slide, CellSize size, double factor, std::optional<LabelId> glass)
      : slide_(slide), size_(size), factor_(factor), glass_(glass) {}

  CellSize size() const override { return size_; }
  void read(const CellRect& rect, LabelId* out) const override;

 private:
  // The slide's cells in a cell, along an axis on which the slide has `length`.
  std::int64_t first(std::int64_t cell, std::int64_t length) const;
  std::int64_t past(std::int64_t cell, std::int64_t length) const;

  const LabelField& slide_;
  CellSize size_;
  double factor_;
  std::optional<LabelId> glass_;
};

}  // namespace histoloom
