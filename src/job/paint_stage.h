// The stage that paints one canvas, on disk: the image's latents or a slide's labels.
#pragma once

#include <functional>
#include <utility>

#include "canvas_store.h"
#include "histoloom/diffusion/crop_probe.h"
#include "histoloom/diffusion/paint_forecast.h"
#include "histoloom/diffusion/random_patch.h"
#include "histoloom/store/latent_array.h"

namespace histoloom {

struct PaintedCanvas {
  LatentArray latents;
  DiffusionReport report;
};

class PaintStage {
 public:
  PaintStage(DiffusionModel model, Sampling sampling, LatentSize canvas, int threads)
      : model_(std::move(model)),
        sampling_(std::move(sampling)),
        canvas_(canvas),
        threads_(threads) {}

  const DiffusionModel& model() const { return model_; }
  const Sampling& sampling() const { return sampling_; }
  LatentSize canvas() const { return canvas_; }

  // Bytes on disk: the latent buffers, and the chunks that a commit writes beside those that it
  // replaces.
  std::uint64_t disk() const;
  // Bytes of memory beside the network and the store's cache.
  std::uint64_t memory() const;
  // What run() will take.
  CanvasForecast forecast(Denoiser& denoiser, const Scene& scene,
                          const ForecastOptions& options = {}) const;

  // Paints the canvas: makes its latent buffers, or goes on with those of an earlier run that has
  // committed `done`. `committed` as RunControl. Throws as paint_latents().
  PaintedCanvas run(Denoiser& denoiser, const Scene& scene, const CanvasStore& store,
                    PaintedPart done,
                    std::function<void(PaintedPart, const DiffusionReport&)> committed,
                    Progress& progress) const;

  // The latent buffer of a canvas that an earlier run has painted. \error UserError as
  // latent_buffer_at().
  LatentArray painted(const CanvasStore& store) const;

  // Paints one crop of a canvas on disk again, as probe_crop(); writes nothing.
  CropProbe probe(Denoiser& denoiser, const Scene& scene, const CanvasStore& store, int step,
                  LatentPoint cell) const;

 private:
  DiffusionModel model_;
  Sampling sampling_;
  LatentSize canvas_;
  int threads_;
};

}  // namespace histoloom
