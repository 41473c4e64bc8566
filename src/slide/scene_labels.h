// The labels of a job as diffusion and decoder see them.
#pragma once

#include <memory>

#include "histoloom/decode/glass.h"
#include "histoloom/labels/label_field.h"

namespace histoloom {

// A slide's labels on a canvas that may be larger: cells outside repeat the border.
class CanvasLabels final : public LabelField {
 public:
  // `origin`: the cell of the canvas at the slide's upper left corner.
  CanvasLabels(std::unique_ptr<LabelField> slide, LatentSize canvas, LatentPoint origin = {0, 0})
      : slide_(std::move(slide)), canvas_(canvas), origin_(origin) {}
  LatentSize size() const override { return canvas_; }
  void read(const LatentRect& rect, LabelId* out) const override;
  const LabelField& slide() const { return *slide_; }
  std::unique_ptr<LabelField> take_slide() { return std::move(slide_); }

 private:
  std::unique_ptr<LabelField> slide_;
  LatentSize canvas_;
  LatentPoint origin_;
};

// Glass fades in from one and a half cells away from tissue and is alone from four.
class LabelledGlass final : public GlassField {
 public:
  LabelledGlass(const LabelField& labels, LabelId glass) : labels_(labels), glass_(glass) {}
  void weights(const LatentRect& rect, float* out) const override;

 private:
  const LabelField& labels_;
  LabelId glass_;
};

// SHA-256 of a field's ids, row by row, with its size.
std::string sha256_of(const LabelField& labels);

}  // namespace histoloom
