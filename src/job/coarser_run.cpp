#include "coarser_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "histoloom/pictures/png.h"
#include "sampling_choice.h"
#include "stage_run.h"

namespace histoloom {

namespace {

constexpr int kPreviewColours = 3;
constexpr std::int64_t kPreviewSide = 4096;

}  // namespace

CoarserStages::CoarserStages(const ModelBundle& bundle, PixelSize size, std::uint64_t seed,
                             int threads)
    : seed_(seed) {
  for (std::size_t i = 0; i < bundle.stages.size(); ++i) {
    const ModelBundle& stage = bundle.stages[i];
    stages_.emplace_back(stage, size_at(size, bundle.mpp, stage.mpp),
                         sampling_of_stage(stage, i, seed), threads);
  }
}

std::uint64_t CoarserStages::disk() const {
  std::uint64_t out = 0;
  for (const ImageStage& stage : stages_)
    out += stage.painting.disk() + stage_picture_disk(stage.size);
  return out;
}

MemoryNeed CoarserStages::memory() const {
  MemoryNeed out;
  for (const ImageStage& stage : stages_) {
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
  for (std::size_t i = 0; i < stages_.size(); ++i) {
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
  const double cell = bundle.mpp * bundle.latent.downsampling / stages_[index].bundle.mpp;
  const LatentPoint origin = finer.canvas.origin;
  return {bundle.context.value(),
          picture,
          {-cell * static_cast<double>(origin.x), -cell * static_cast<double>(origin.y), cell},
          seed_};
}

LatentArray CoarserRun::paint(const LabelField& slide, double cell_microns,
                              const std::function<void(std::size_t, const LatentArray&)>& shown) {
  std::vector<LatentArray> pictures;
  for (std::size_t i = 0; i < stages_.stages().size(); ++i) {
    const PixelSize size = stages_.stages()[i].size;
    pictures.push_back(
        run_.work.stage(i).pictured
            ? stage_picture(run_.work, i, size, run_.cache, /*there=*/true)
            : paint_stage(i, slide, cell_microns, i > 0 ? &pictures.back() : nullptr));
    shown(i, pictures.back());
  }
  return std::move(pictures.back());
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

void write_preview(const std::filesystem::path& path, const LatentArray& picture) {
  const LatentSize size = picture.size();
  const std::int64_t factor =
      std::max<std::int64_t>(1, divide_up(std::max(size.width, size.height), kPreviewSide));
  Picture out{{divide_up(size.width, factor), divide_up(size.height, factor)}, {}, kPreviewColours};
  out.samples.resize(static_cast<std::size_t>(kPreviewColours * out.size.area()));
  for (std::int64_t y = 0; y < out.size.height; ++y) {
    const LatentRect band{0, y * factor, size.width, std::min(size.height, (y + 1) * factor)};
    std::vector<float> values(static_cast<std::size_t>(kPreviewColours * band.area()));
    picture.read(band, values.data());
    for (std::int64_t x = 0; x < out.size.width; ++x) {
      const std::int64_t end = std::min(size.width, (x + 1) * factor);
      for (std::int64_t c = 0; c < kPreviewColours; ++c) {
        double sum = 0;
        for (std::int64_t v = 0; v < band.height(); ++v)
          for (std::int64_t u = x * factor; u < end; ++u)
            sum += static_cast<double>(
                values[static_cast<std::size_t>((c * band.height() + v) * size.width + u)]);
        const auto count = static_cast<double>(band.height() * (end - x * factor));
        out.at(x, y)[c] = static_cast<std::uint8_t>(std::lround(255 * sum / count));
      }
    }
  }
  write_png(path, out.view());
}

}  // namespace histoloom
