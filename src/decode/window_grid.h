// Where the windows of a slide lie, for those that decode them and those that count them.
#pragma once

#include <algorithm>
#include <vector>

#include "histoloom/core/geometry.h"
#include "histoloom/decode/glass.h"
#include "histoloom/decode/streaming_decoder.h"

namespace histoloom {

// Cells of the slide; the canvas that holds its latents may reach further.
class WindowGrid {
 public:
  WindowGrid(PixelSize slide, std::int64_t factor, LatentSize canvas, const DecodeOptions& options)
      : cells_(latent_size_for(slide, factor)),
        canvas_(canvas),
        origin_(options.origin),
        window_(options.window),
        overlap_(options.overlap) {}

  CellSize cells() const { return cells_; }  // that cover the slide
  std::int64_t stride() const { return window_ - overlap_; }
  std::int64_t columns() const { return divide_up(cells_.width + overlap_, stride()); }
  std::int64_t bands() const { return divide_up(cells_.height + overlap_, stride()); }
  // The first cell of window i along an axis; the first windows start outside of the slide.
  std::int64_t start(std::int64_t i) const { return i * stride() - overlap_; }

  // The cells of the canvas that cells of the slide are.
  LatentRect on_canvas(const CellRect& cells) const {
    return intersect(
        {cells.x0 + origin_.x, cells.y0 + origin_.y, cells.x1 + origin_.x, cells.y1 + origin_.y},
        LatentRect::of(canvas_));
  }
  // Whether nothing but glass is seen in the window that starts at `corner`.
  bool only_glass(const GlassField& glass, CellPoint corner) const {
    // One cell around the window too: weights are interpolated between cells.
    const LatentRect rect =
        on_canvas({corner.x - 1, corner.y - 1, corner.x + window_ + 1, corner.y + window_ + 1});
    if (rect.empty()) return true;
    std::vector<float> weights(static_cast<std::size_t>(rect.area()));
    glass.weights(rect, weights.data());
    return std::all_of(weights.begin(), weights.end(), [](float w) { return w == 1.0f; });
  }

 private:
  CellSize cells_;
  LatentSize canvas_;
  LatentPoint origin_;
  std::int64_t window_, overlap_;
};

}  // namespace histoloom
