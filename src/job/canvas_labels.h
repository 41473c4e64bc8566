// The labels of a job as diffusion and decoder see them.
#pragma once

#include <memory>

#include "histoloom/decode/glass.h"
#include "histoloom/labels/label_field.h"

namespace histoloom {

// Labels of a slide, by its latent cells or mask cells, on a canvas that may be larger: cells outside
// repeat the border.
template <class Space>
class BasicCanvasLabels final : public CanvasLabelField {
 public:
  // `slide` outlives it; `origin`: the cell of the canvas at the slide's upper left corner.
  BasicCanvasLabels(const BasicLabelField<Space>& slide, LatentSize canvas,
                    LatentPoint origin = {0, 0})
      : slide_(slide), canvas_(canvas), origin_(origin) {}
  LatentSize size() const override { return canvas_; }
  void read(const LatentRect& rect, LabelId* out) const override;

 private:
  const BasicLabelField<Space>& slide_;
  LatentSize canvas_;
  LatentPoint origin_;
};

using CanvasLabels = BasicCanvasLabels<CellSpace>;
using CanvasConditions = BasicCanvasLabels<MaskSpace>;

// Glass fades in from one and a half cells away from tissue and is alone from four.
class LabelledGlass final : public GlassField {
 public:
  LabelledGlass(const CanvasLabelField& labels, LabelId glass) : labels_(labels), glass_(glass) {}
  void weights(const LatentRect& rect, float* out) const override;

 private:
  const CanvasLabelField& labels_;
  LabelId glass_;
};

// SHA-256 of a field's ids, row by row, with its size.
std::string sha256_of(const LabelField& labels);

}  // namespace histoloom
