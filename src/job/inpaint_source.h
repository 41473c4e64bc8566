// What inpainting reads: the slide, the region, its surroundings' pixels and labels.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "histoloom/bundle/bundle.h"
#include "histoloom/job/generate_spec.h"
#include "histoloom/labels/pixel_region.h"
#include "histoloom/pyramid/tile_editor.h"
#include "mask_labels.h"

namespace histoloom {

// \error UserError if OUT is the slide that is to be kept.
void require_copy(const GenerateSpec& spec);

// The slide's microns a pixel, if it says them. \error UserError if the model knows tissue at
// another scale, or the slide says none, and --any-scale isn't given.
std::optional<double> checked_scale(const Inpainting& what, const ModelBundle& bundle);

PixelRegion region_of(const Inpainting& what);

// RGB of `rect`, row by row; past the slide's edges its last column and row are repeated.
std::vector<std::uint8_t> read_padded(const pyramid::TileEditor& slide, const PixelRect& rect);

// What inpainting knows of the slide around the region.
struct Surroundings {
  const PixelRegion& region;
  CellRect painted;                         // cells that the region meets
  CellRect canvas;                          // cells that `pixels` show
  const std::vector<std::uint8_t>& pixels;  // RGB
};
// The labels of the whole slide: of the mask that is given, or the class that is given, or those of
// the region's polygons. Without a mask, what the canvas shows as glass is glass. \error UserError
// for a mask that can't be used, and for a class that is no label.
MaskLabels labels_of(const Inpainting& what, const Surroundings& around, PixelSize slide,
                     std::uint64_t seed, const ModelBundle& bundle);

}  // namespace histoloom
