// The coarser stages of a cascade where a part of a slide is painted anew: each shows the slide as it
// is around the region, and is painted in it under the stage before.
#pragma once

#include <cstdint>
#include <vector>

#include "decode_stage.h"
#include "forecast_text.h"
#include "histoloom/core/picture.h"
#include "histoloom/diffusion/context.h"
#include "histoloom/job/generate_spec.h"
#include "inpaint_region.h"
#include "memory_shares.h"
#include "recipe_run.h"

namespace histoloom {

// What the finest stage paints of a slide.
struct InpaintedPart {
  PixelSize slide;                           // at full resolution
  const InpaintGeometry& geometry;           // of the finest stage
  const std::vector<std::uint8_t>& painted;  // 1 for the cells of its canvas that are painted
  const LabelField& labels;                  // of the whole slide, by its latent cells
};

// A coarser stage around the region.
struct InpaintStage {
  InpaintStage(const ModelBundle& bundle, const ModelBundle& finest, const InpaintedPart& part,
               std::size_t index, std::uint64_t seed, int threads);

  PixelSize size() const;  // of the canvas
  const ModelBundle& bundle;
  double shrink;    // pixels of the slide along a pixel
  CellSize slide;   // latent cells of the whole slide
  CellRect canvas;  // on them, or past their end where the slide has less than a patch
  std::vector<std::uint8_t> painted;  // 1 for the cells of the canvas that are painted
  PaintStage painting;
  DecodeStage decoding;
  Picture pixels;  // of the canvas, as the slide has them
};

class InpaintCoarser {
 public:
  // Reads the surroundings of the region from the slide. The bundle outlives it. \error UserError
  // for a slide that can't be read.
  InpaintCoarser(const Inpainting& what, const ModelBundle& bundle, const InpaintedPart& part,
                 std::uint64_t seed, int threads);

  bool empty() const { return stages_.empty(); }
  const std::vector<InpaintStage>& stages() const { return stages_; }
  std::uint64_t disk() const;
  MemoryNeed memory() const;
  // SHA-256 of what was read of the slide.
  std::string sha256() const;
  std::vector<StageForecast> forecast(NetworkSource& networks) const;
  // What a stage sees of the picture of the one before it, `index`; `canvas`: its own, by latent
  // cells of `bundle`.
  PictureContext context(const ModelBundle& bundle, const CellRect& canvas, std::size_t index,
                         const LatentArray& picture) const;
  // Paints what no earlier run has, and gives the picture of the finest of the stages. Throws as
  // PaintStage::run().
  LatentArray paint(RecipeRun& run, const InpaintedPart& part) const;

 private:
  LatentArray paint_stage(RecipeRun& run, std::size_t index, const InpaintedPart& part,
                          const LatentArray* coarser) const;

  const ModelBundle& bundle_;
  std::uint64_t seed_;
  int threads_;
  std::vector<InpaintStage> stages_;
};

}  // namespace histoloom
