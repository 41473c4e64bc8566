// One stage of a slide's image: its canvas, and what paints and decodes it. A bundle without
// coarser stages has one; a cascade has one for each magnification.
#pragma once

#include <memory>
#include <vector>

#include "canvas.h"
#include "canvas_labels.h"
#include "decode_stage.h"
#include "histoloom/bundle/bundle.h"
#include "histoloom/decode/glass.h"
#include "histoloom/diffusion/scene.h"
#include "paint_stage.h"

namespace histoloom {

// Pixels of a slide of `size` pixels of `mpp` microns where a pixel has `coarser_mpp`: all of it is
// covered.
PixelSize size_at(PixelSize size, double mpp, double coarser_mpp);

struct ImageStage {
  // `size` pixels of the bundle's microns a pixel. The bundle outlives it.
  ImageStage(const ModelBundle& bundle, PixelSize size, Sampling sampling, int threads);

  // `slide`, a slide's labels by latent cells of `cell_microns`, by the stage's own coarser cells.
  std::unique_ptr<LabelField> coarser_labels(const LabelField& slide, double cell_microns) const;
  // `labels`: by the stage's own latent cells.
  CanvasLabels on_canvas(const LabelField& labels) const {
    return {labels, canvas.size, canvas.origin};
  }
  // `glass_latent`: of latent_of_glass(), or empty where nothing is painted.
  Scene scene(const CanvasLabelField& labels, std::vector<float> glass_latent) const;
  std::unique_ptr<GlassField> glass_field(const CanvasLabelField& labels) const;
  // What the bare slide is to the denoiser, a value a channel.
  std::vector<float> latent_of_glass(Autoencoder& autoencoder, const GlassTexture& texture) const;

  const ModelBundle& bundle;
  PixelSize size;
  Canvas canvas;
  PaintStage painting;
  DecodeStage decoding;
};

}  // namespace histoloom
