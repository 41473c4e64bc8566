// The coarser stages of a cascade: each is painted under the one before it and decoded into a
// picture on disk, which the next finer one sees.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "forecast_text.h"
#include "given_stage.h"
#include "histoloom/diffusion/context.h"
#include "image_stage.h"
#include "memory_shares.h"
#include "recipe_run.h"

namespace histoloom {

// What the coarser stages of a job need and take, decided before any work.
class CoarserStages {
 public:
  // Those of `bundle`, for a slide of `size` of its pixels. A picture that is given takes the place of
  // one, and those before it aren't painted. The bundle outlives it.
  CoarserStages(const ModelBundle& bundle, PixelSize size, std::uint64_t seed, int threads,
                const std::optional<GivenPicture>& picture = std::nullopt);

  const std::vector<ImageStage>& stages() const { return stages_; }
  bool empty() const { return stages_.empty(); }
  // The picture that takes the place of a stage; nullptr: none.
  const GivenStage* given() const { return given_ ? &*given_ : nullptr; }
  // The first stage that has a picture.
  std::size_t first() const { return given_ ? given_->index() : 0; }
  PixelSize picture_size(std::size_t index) const;
  // Bytes of the stages' canvases and pictures on disk.
  std::uint64_t disk() const;
  // Bytes of memory beside networks and cache.
  MemoryNeed memory() const;
  // What painting and decoding will take, under labels as ImageStage::coarser_labels() takes them.
  std::vector<StageForecast> forecast(NetworkSource& networks, const LabelField& slide,
                                      double cell_microns, const ForecastOptions& options) const;
  // What `finer` sees of the picture of stage `index`.
  PictureContext context(const ImageStage& finer, std::size_t index,
                         const LatentArray& picture) const;

 private:
  // The stages that are painted, by their indices.
  std::vector<std::size_t> painted() const;

  std::vector<ImageStage> stages_;
  std::uint64_t seed_;
  std::optional<GivenStage> given_;
};

// Paints what no earlier run has.
class CoarserRun {
 public:
  // All that is handed in outlives it.
  CoarserRun(RecipeRun& run, const CoarserStages& stages, const GlassTexture& texture)
      : run_(run), stages_(stages), texture_(texture) {}

  // Gives the picture of the finest of the stages. `slide`, `cell_microns`: as ImageStage::coarser_labels().
  // `shown` gets each stage's picture when it is there, from the coarsest on. Throws as
  // paint_latents().
  LatentArray paint(const LabelField& slide, double cell_microns,
                    const std::function<void(std::size_t, const LatentArray&)>& shown);

 private:
  LatentArray paint_stage(std::size_t index, const LabelField& slide, double cell_microns,
                          const LatentArray* coarser);
  LatentArray take_given();

  RecipeRun& run_;
  const CoarserStages& stages_;
  const GlassTexture& texture_;
};

}  // namespace histoloom
