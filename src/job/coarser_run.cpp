#include "coarser_run.h"

#include <algorithm>

#include "sampling_choice.h"
#include "stage_run.h"

namespace histoloom {

CoarserStages::CoarserStages(const ModelBundle& bundle, PixelSize size, std::uint64_t seed,
                             int threads, const std::optional<GivenPicture>& picture)
    : seed_(seed) {
  for (std::size_t i = 0; i < bundle.stages.size(); ++i) {
    const ModelBundle& stage = bundle.stages[i];
    stages_.emplace_back(stage, size_at(size, bundle.mpp, stage.mpp),
                         sampling_of_stage(stage, i, seed), threads);
  }
  if (picture) given_.emplace(*picture, bundle);
}

std::vector<std::size_t> CoarserStages::painted() const {
  std::vector<std::size_t> out;
  for (std::size_t i = given_ ? given_->index() + 1 : 0; i < stages_.size(); ++i) out.push_back(i);
  return out;
}

PixelSize CoarserStages::picture_size(std::size_t index) const {
  return given_ && index == given_->index() ? given_->size() : stages_[index].size;
}

std::uint64_t CoarserStages::disk() const {
  std::uint64_t out = given_ ? stage_picture_disk(given_->size()) : 0;
  for (const std::size_t i : painted())
    out += stages_[i].painting.disk() + stage_picture_disk(stages_[i].size);
  return out;
}

MemoryNeed CoarserStages::memory() const {
  MemoryNeed out;
  if (given_) out.painting = given_->memory();
  for (const std::size_t i : painted()) {
    const ImageStage& stage = stages_[i];
    out.painting = std::max(out.painting, stage.painting.memory());
    out.decoding = std::max(out.decoding, stage.decoding.memory() +
                                              stage_picture_memory(stage.bundle, stage.size.width));
  }
  return out;
}

std::vector<StageForecast> CoarserStages::forecast(NetworkSource& networks, const LabelField& slide,
                                                   double cell_microns,
                                                   const ForecastOptions& options) const {
  std::vector<StageForecast> out;
  for (const std::size_t i : painted()) {
    const ImageStage& stage = stages_[i];
    const std::unique_ptr<LabelField> labels = stage.coarser_labels(slide, cell_microns);
    const CanvasLabels on_canvas = stage.on_canvas(*labels);
    out.push_back(
        {stage.bundle.stage,
         stage.painting.forecast(networks.coarser_denoiser(i), stage.scene(on_canvas, {}), options),
         stage.decoding.forecast(networks.coarser_autoencoder(i), *stage.glass_field(on_canvas))});
  }
  return out;
}

PictureContext CoarserStages::context(const ImageStage& finer, std::size_t index,
                                      const LatentArray& picture) const {
  const ModelBundle& bundle = finer.bundle;
  const double mpp = given_ && index == given_->index() ? given_->mpp() : stages_[index].bundle.mpp;
  const double cell = bundle.mpp * bundle.latent.downsampling / mpp;
  const LatentPoint origin = finer.canvas.origin;
  return {bundle.context.value(),
          picture,
          {-cell * static_cast<double>(origin.x), -cell * static_cast<double>(origin.y), cell},
          seed_};
}

LatentArray CoarserRun::paint(const LabelField& slide, double cell_microns,
                              const std::function<void(std::size_t, const LatentArray&)>& shown) {
  const GivenStage* given = stages_.given();
  std::optional<LatentArray> last;
  for (std::size_t i = stages_.first(); i < stages_.stages().size(); ++i) {
    if (run_.work.stage(i).pictured)
      last = stage_picture(run_.work, i, stages_.picture_size(i), run_.cache, /*there=*/true);
    else if (given != nullptr && i == given->index())
      last = take_given();
    else
      last = paint_stage(i, slide, cell_microns, last ? &*last : nullptr);
    shown(i, *last);
  }
  return std::move(*last);
}

LatentArray CoarserRun::take_given() {
  const GivenStage& given = *stages_.given();
  LatentArray out =
      stage_picture(run_.work, given.index(), given.size(), run_.cache, /*there=*/false);
  given.store(out);
  run_.work.commit_stage(given.index(), {run_.work.stage(given.index()).painted, true},
                         run_.total());
  return out;
}

LatentArray CoarserRun::paint_stage(std::size_t index, const LabelField& slide, double cell_microns,
                                    const LatentArray* coarser) {
  const ImageStage& stage = stages_.stages()[index];
  const std::unique_ptr<LabelField> labels = stage.coarser_labels(slide, cell_microns);
  const CanvasLabels on_canvas = stage.on_canvas(*labels);
  const std::vector<float> glass =
      stage.latent_of_glass(run_.networks.coarser_autoencoder(index), texture_);
  Scene scene = stage.scene(on_canvas, glass);
  std::optional<PictureContext> context;
  if (coarser != nullptr)
    scene.context = &context.emplace(stages_.context(stage, index - 1, *coarser));
  const std::unique_ptr<GlassField> field = stage.glass_field(on_canvas);
  return run_stage(run_, {.index = index,
                          .painting = stage.painting,
                          .decoding = stage.decoding,
                          .size = stage.size,
                          .scene = scene,
                          .glass = {*field, texture_, glass}});
}

}  // namespace histoloom
