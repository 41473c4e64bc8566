// Where a slide is painted anew, and how the new pixels fade into the old.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "histoloom/core/geometry.h"
#include "histoloom/model/bundle.h"

namespace histoloom {

// Pixels outside of the region over which the old ones fade in; those beyond stay as they are.
inline constexpr std::int64_t kBlendMargin = 16;

// "X,Y,W,H" in pixels of level 0. UserError, in the words of --region, for anything else.
PixelRect parse_region(std::string_view text);

// UserError unless a region with this box lies inside the slide, is at least a latent cell a side
// and, with its surroundings, small enough for memory.
void validate_region(const PixelRect& box, PixelSize slide, const ModelBundle& bundle);

// How much of a pixel is new: 1 inside the region, a raised cosine of the distance (in pixels,
// between centres) outside of it, 0 from a distance above kBlendMargin on. `inside` has 1 for the
// pixels of the region, row by row, and reaches past the region by the margin unless the slide
// ends.
std::vector<float> blend_weights(const std::vector<std::uint8_t>& inside, PixelSize size);

// What is read, painted and written, on the slide's grid of latent cells.
struct InpaintGeometry {
  PixelRect blend;     // the region's box and the margin around it, on the slide
  LatentRect painted;  // cells that the box meets
  LatentRect decoded;  // cells that `blend` meets
  LatentRect canvas;   // those and a patch of context a side, on the slide; a patch at least
};
// `slide` is at least a patch a side, as validate_region() demands.
InpaintGeometry inpaint_geometry(const PixelRect& box, PixelSize slide, const ModelBundle& bundle);

}  // namespace histoloom
