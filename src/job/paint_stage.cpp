#include "paint_stage.h"

#include <vector>

#include "latent_buffer.h"

namespace histoloom {

namespace {

constexpr StoreType kStore = StoreType::float16;

}  // namespace

std::uint64_t PaintStage::disk() const {
  return (keeps_x0(sampling_.solver) ? 6 : 3) *
         latent_array_bytes(model_.channels, canvas_, kStore);
}

std::uint64_t PaintStage::memory() const {
  return painting_memory(model_, canvas_, sampling_, threads_);
}

CanvasForecast PaintStage::forecast(Denoiser& denoiser, const Scene& scene,
                                    const ForecastOptions& options) const {
  return {forecast_painting(model_, denoiser, scene, sampling_, threads_, options),
          denoiser.gflop_per_evaluation(model_.patch)};
}

PaintedCanvas PaintStage::run(Denoiser& denoiser, const Scene& scene, const CanvasStore& store,
                              PaintedPart done,
                              std::function<void(PaintedPart, const DiffusionReport&)> committed,
                              Progress& progress) const {
  const bool resumed = done != PaintedPart{};
  std::vector<LatentArray> buffers;
  const auto add = [&](const std::filesystem::path& path) {
    buffers.push_back(latent_buffer_at(path, store.job, resumed, {model_.channels, canvas_, kStore},
                                       store.cache));
  };
  for (const auto& path : store.y) add(path);
  if (keeps_x0(sampling_.solver))
    for (const auto& path : store.x0) add(path);
  CanvasState state{.y = {&buffers[0], &buffers[1]}};
  if (buffers.size() > 2) state.x0 = {&buffers[2], &buffers[3]};
  const PaintResult result = paint_latents(
      model_, denoiser, scene, sampling_,
      {.threads = threads_, .done = done, .committed = std::move(committed)}, state, progress);
  return {std::move(*result.latents), result.report};
}

LatentArray PaintStage::painted(const CanvasStore& store) const {
  return latent_buffer_at(store.y[static_cast<std::size_t>(sampling_.steps % 2)], store.job,
                          /*resumed=*/true, {model_.channels, canvas_, kStore}, store.cache);
}

CropProbe PaintStage::probe(Denoiser& denoiser, const Scene& scene, const CanvasStore& store,
                            int step, LatentPoint cell) const {
  if (step == 0) return probe_crop(model_, denoiser, scene, sampling_, {}, step, cell);
  LatentArray before =
      latent_buffer_at(store.y[static_cast<std::size_t>(step % 2)], store.job,
                       /*resumed=*/true, {model_.channels, canvas_, kStore}, store.cache);
  CanvasState state;
  state.y[static_cast<std::size_t>(step % 2)] = &before;
  return probe_crop(model_, denoiser, scene, sampling_, state, step, cell);
}

}  // namespace histoloom
