// Where a slide is painted anew, and how the new pixels fade into the old.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "canvas.h"
#include "histoloom/bundle/bundle.h"
#include "histoloom/core/geometry.h"
#include "histoloom/labels/label_field.h"
#include "histoloom/labels/pixel_region.h"

namespace histoloom {

// Pixels outside of the region over which the old ones fade in; those beyond stay as they are.
inline constexpr std::int64_t kBlendMargin = 16;

// UserError unless a region with this box lies inside the slide, is at least a latent cell a side
// and, with its surroundings, small enough for memory.
void validate_region(const PixelRect& box, PixelSize slide, const ModelBundle& bundle);

// How much of a pixel is new: 1 inside the region, a raised cosine of the distance (in pixels,
// between centres) outside of it, 0 from a distance above kBlendMargin on. `inside` has 1 for the
// pixels of the region, row by row, and reaches past the region by the margin unless the slide
// ends.
std::vector<float> blend_weights(const std::vector<std::uint8_t>& inside, PixelSize size);

// Fades `before` into `fresh`, both RGB, where weights are below 1.
void blend(std::vector<std::uint8_t>& fresh, const std::vector<std::uint8_t>& before,
           const std::vector<float>& weights);

// What is read, painted and written, on the slide's grid of latent cells.
struct InpaintGeometry {
  PixelRect blend;   // the region's box and the margin around it, on the slide
  CellRect painted;  // cells that the box meets
  CellRect decoded;  // cells that `blend` meets
  CellRect canvas;   // those and a patch of context a side, on the slide; a patch at least

  // Where the slide lies on the canvas.
  Canvas place() const { return {{canvas.width(), canvas.height()}, {-canvas.x0, -canvas.y0}}; }
};
// `slide` is at least a patch a side, as validate_region() demands.
InpaintGeometry inpaint_geometry(const PixelRect& box, PixelSize slide, const ModelBundle& bundle);

// 1 for the cells of the canvas that are painted: the region's, but those that `labels`, of the
// canvas, call glass, since bare glass stays the slide's own. `factor`: pixels a cell. UserError
// where none is left.
std::vector<std::uint8_t> painted_cells(const PixelRegion& region, const InpaintGeometry& geometry,
                                        const CanvasLabelField& labels,
                                        std::optional<LabelId> glass, std::int64_t factor);

// 1 for the pixels of `rect`, which lies on the canvas, that lie in the region and in a cell of
// `painted`.
std::vector<std::uint8_t> replaced_pixels(const PixelRegion& region, const PixelRect& rect,
                                          const InpaintGeometry& geometry,
                                          const std::vector<std::uint8_t>& painted,
                                          std::int64_t factor);

// The canvas as a scene without kept latents sees it: painted cells have a label, all others are
// kNotPainted. For what is told before anything is encoded.
class PaintedCells final : public CanvasLabelField {
 public:
  static constexpr LabelId kPainted = 0, kNotPainted = 1;
  // `painted` outlives it.
  PaintedCells(const std::vector<std::uint8_t>& painted, LatentSize size)
      : painted_(painted), size_(size) {}
  LatentSize size() const override { return size_; }
  void read(const LatentRect& rect, LabelId* out) const override;

 private:
  const std::vector<std::uint8_t>& painted_;
  LatentSize size_;
};

}  // namespace histoloom
