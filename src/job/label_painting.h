// Labels painted by a bundle's mask denoiser: an outline says where tissue lies, random-patch
// diffusion on a canvas of mask cells says which class it is.
//
// The canvas lies on disk, in two latent buffers as the image's latents, so labels of any size are
// painted and a painting that was killed goes on from its last commit. Labels are read from it
// by rectangles.
//
// A mask denoiser may know a coarser scale (MaskSpec::coarser). A canvas of coarser cells is then
// painted first, and the finer one starts from it under noise. Steps, commits and reports count
// through both.
//
// Example: a slide of 2048 × 2048 px has 256 × 256 latent cells of 8 px and, with MaskSpec::cell
// 16, a canvas of 128 × 128 mask cells; each decides 2 × 2 latent cells.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "histoloom/bundle/mask_model.h"
#include "histoloom/job/label_spec.h"
#include "histoloom/labels/label_field.h"
#include "label_painter.h"
#include "paint_stage.h"

namespace histoloom {

// What paints the labels: nothing if a mask gives them, or if the bundle has no mask denoiser and no
// prompt is asked for. The bundle outlives it. \error UserError as LabelPainting.
std::unique_ptr<LabelPainter> label_painter(const LabelSpec& spec, const ModelBundle& bundle,
                                            int threads);

class LabelPainting {
 public:
  // Of `slide_cells` latent cells. The bundle outlives the painting. \error UserError for a bundle
  // that can't paint labels, and a prompt that it lacks ("" is its first).
  LabelPainting(const ModelBundle& bundle, std::string_view prompt, CellSize slide_cells,
                std::uint64_t seed, int threads);

  // The prompt's name; empty where the bundle has none.
  std::string prompt() const { return condition_ > 0 ? bundle_.prompts[condition_ - 1u] : ""; }
  // The canvases of mask cells, in the order in which they are painted; the last has the labels.
  std::vector<const PaintStage*> stages() const;
  // Bytes on disk, and of memory beside network and cache.
  std::uint64_t disk() const;
  std::uint64_t memory() const;
  // What paint() will take.
  CanvasForecast forecast(const LabelField& outline, Denoiser& denoiser) const;

  // Paints the unknown cells of `outline`; all others stay. The field that it returns reads the
  // latent buffers of `store`, so they stay as long as it lives. Throws as PaintStage::run().
  std::unique_ptr<LabelField> paint(
      std::unique_ptr<LabelField> outline, Denoiser& denoiser, const CanvasStore& store,
      PaintedPart done, std::function<void(PaintedPart, const DiffusionReport&)> committed,
      Progress& progress, DiffusionReport& report) const;

 private:
  // Calls visit(scene) with what the network sees of an outline, in the mask cells of a stage.
  template <class Visit>
  auto with_scene(const PaintStage& stage, const LabelField& outline, Visit&& visit) const;

  const ModelBundle& bundle_;
  LabelId unknown_;
  MaskModel model_;
  LabelId condition_, coarser_condition_ = 0;
  PaintStage stage_;
  std::optional<PaintStage> coarser_;
};

}  // namespace histoloom
