#include "inpaint_coarser.h"

#include <algorithm>
#include <cmath>

#include "canvas_labels.h"
#include "coarser_labels.h"
#include "histoloom/core/sha256.h"
#include "histoloom/pictures/scaled_picture.h"
#include "image_stage.h"
#include "kept_latents.h"
#include "sampling_choice.h"
#include "stage_run.h"

namespace histoloom {

namespace {

// Cells of a coarser stage along a cell of the finest.
double cells_a_cell(const ModelBundle& finest, const ModelBundle& stage) {
  return finest.mpp * finest.latent.downsampling / (stage.mpp * stage.latent.downsampling);
}

// The cells along one axis that meet the cells from `begin` to `end` of the finest stage.
std::pair<std::int64_t, std::int64_t> cells_that_meet(std::int64_t begin, std::int64_t end,
                                                      double ratio) {
  return {static_cast<std::int64_t>(std::floor(static_cast<double>(begin) * ratio + 1e-6)),
          static_cast<std::int64_t>(std::ceil(static_cast<double>(end) * ratio - 1e-6))};
}

// The painted cells and a patch a side, at least a patch along each axis.
CellRect stage_canvas_of(const CellRect& painted, CellSize slide, std::int64_t patch) {
  const auto axis = [patch](std::int64_t begin, std::int64_t end, std::int64_t all) {
    const std::int64_t first = std::max<std::int64_t>(0, begin - patch);
    return std::pair{first, std::max(std::min(all, end + patch), first + patch)};
  };
  const auto [x0, x1] = axis(painted.x0, painted.x1, slide.width);
  const auto [y0, y1] = axis(painted.y0, painted.y1, slide.height);
  return {x0, y0, x1, y1};
}

CellRect painted_rect(const InpaintedPart& part, double ratio) {
  const CellRect& fine = part.geometry.painted;
  const auto [x0, x1] = cells_that_meet(fine.x0, fine.x1, ratio);
  const auto [y0, y1] = cells_that_meet(fine.y0, fine.y1, ratio);
  return {x0, y0, x1, y1};
}

// 1 for the cells of a canvas in which a cell of the finest stage is painted.
std::vector<std::uint8_t> painted_of(const InpaintedPart& part, const CellRect& canvas,
                                     double ratio) {
  std::vector<std::uint8_t> out(static_cast<std::size_t>(canvas.area()), 0);
  const CellRect& fine = part.geometry.canvas;
  for (std::int64_t y = 0; y < fine.height(); ++y)
    for (std::int64_t x = 0; x < fine.width(); ++x) {
      if (part.painted[static_cast<std::size_t>(y * fine.width() + x)] == 0) continue;
      const auto [u0, u1] = cells_that_meet(fine.x0 + x, fine.x0 + x + 1, ratio);
      const auto [v0, v1] = cells_that_meet(fine.y0 + y, fine.y0 + y + 1, ratio);
      for (std::int64_t v = v0; v < v1; ++v)
        for (std::int64_t u = u0; u < u1; ++u)
          out[static_cast<std::size_t>((v - canvas.y0) * canvas.width() + u - canvas.x0)] = 1;
    }
  return out;
}

// The pixels of a canvas; past the slide's edges its last column and row are repeated.
Picture read_canvas(const ScaledPicture& slide, const PixelRect& canvas) {
  const PixelSize size = slide.size();
  const PixelRect there = intersect(canvas, PixelRect::of(size));
  const Picture read = slide.region(there);
  Picture out{canvas.size(), {}, 3};
  out.samples.resize(static_cast<std::size_t>(3 * canvas.area()));
  for (std::int64_t y = 0; y < canvas.height(); ++y)
    for (std::int64_t x = 0; x < canvas.width(); ++x)
      std::copy_n(read.at(std::clamp(canvas.x0 + x, there.x0, there.x1 - 1) - there.x0,
                          std::clamp(canvas.y0 + y, there.y0, there.y1 - 1) - there.y0),
                  3, out.at(x, y));
  return out;
}

LatentSize as_canvas(const CellRect& cells) { return {cells.width(), cells.height()}; }

}  // namespace

InpaintStage::InpaintStage(const ModelBundle& b, const ModelBundle& finest,
                           const InpaintedPart& part, std::size_t index, std::uint64_t seed,
                           int threads)
    : bundle(b),
      shrink(b.mpp / finest.mpp),
      slide(latent_size_for(size_at(part.slide, finest.mpp, b.mpp), b.latent.downsampling)),
      canvas(stage_canvas_of(painted_rect(part, cells_a_cell(finest, b)), slide, b.patch)),
      painted(painted_of(part, canvas, cells_a_cell(finest, b))),
      painting(b.image(), sampling_of_stage(b, index, seed), as_canvas(canvas), threads),
      decoding(b, size(), as_canvas(canvas), {0, 0}, threads) {}

PixelSize InpaintStage::size() const {
  return {canvas.width() * bundle.latent.downsampling,
          canvas.height() * bundle.latent.downsampling};
}

InpaintCoarser::InpaintCoarser(const Inpainting& what, const ModelBundle& bundle,
                               const InpaintedPart& part, std::uint64_t seed, int threads)
    : bundle_(bundle), seed_(seed), threads_(threads) {
  if (bundle.stages.empty()) return;
  const std::unique_ptr<PictureFile> file = open_picture(what.slide);
  for (std::size_t i = 0; i < bundle.stages.size(); ++i) {
    InpaintStage& stage = stages_.emplace_back(bundle.stages[i], bundle, part, i, seed, threads);
    stage.pixels = read_canvas(ScaledPicture(*file, stage.shrink),
                               pixels_from_latent(stage.canvas, stage.bundle.latent.downsampling));
  }
}

std::uint64_t InpaintCoarser::disk() const {
  std::uint64_t out = 0;
  for (const InpaintStage& stage : stages_)
    out += stage.painting.disk() + stage_picture_disk(stage.size()) +
           latent_array_bytes(stage.bundle.latent.channels, as_canvas(stage.canvas),
                              StoreType::float16);
  return out;
}

MemoryNeed InpaintCoarser::memory() const {
  MemoryNeed out;
  std::uint64_t held = 0;
  for (const InpaintStage& stage : stages_) {
    held += stage.pixels.samples.size() + stage.painted.size();
    out.painting = std::max(out.painting, stage.painting.memory());
    out.decoding =
        std::max(out.decoding,
                 stage.decoding.memory() + stage_picture_memory(stage.bundle, stage.size().width));
  }
  return {out.painting + held, out.decoding + held};
}

std::string InpaintCoarser::sha256() const {
  Sha256 sum;
  for (const InpaintStage& stage : stages_)
    sum.add_part(stage.pixels.samples.data(), stage.pixels.samples.size());
  return sum.hex();
}

std::vector<StageForecast> InpaintCoarser::forecast(NetworkSource& networks) const {
  std::vector<StageForecast> out;
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    const InpaintStage& stage = stages_[i];
    const PaintedCells cells(stage.painted, as_canvas(stage.canvas));
    const Scene scene{cells, PaintedCells::kPainted, PaintedCells::kNotPainted, {}};
    out.push_back({stage.bundle.stage, stage.painting.forecast(networks.coarser_denoiser(i), scene),
                   stage.decoding.forecast(networks.coarser_autoencoder(i), NoGlass())});
  }
  return out;
}

PictureContext InpaintCoarser::context(const ModelBundle& bundle, const CellRect& canvas,
                                       std::size_t index, const LatentArray& picture) const {
  const InpaintStage& stage = stages_[index];
  const int factor = stage.bundle.latent.downsampling;
  const double cell = bundle.mpp * bundle.latent.downsampling / stage.bundle.mpp;
  return {
      bundle.context.value(),
      picture,
      {static_cast<double>(canvas.x0) * cell - static_cast<double>(stage.canvas.x0 * factor),
       static_cast<double>(canvas.y0) * cell - static_cast<double>(stage.canvas.y0 * factor), cell},
      seed_};
}

LatentArray InpaintCoarser::paint(RecipeRun& run, const InpaintedPart& part) const {
  std::vector<LatentArray> pictures;
  for (std::size_t i = 0; i < stages_.size(); ++i)
    pictures.push_back(run.work.stage(i).pictured
                           ? stage_picture(run.work, i, stages_[i].size(), run.cache, true)
                           : paint_stage(run, i, part, i > 0 ? &pictures.back() : nullptr));
  return std::move(pictures.back());
}

LatentArray InpaintCoarser::paint_stage(RecipeRun& run, std::size_t index,
                                        const InpaintedPart& part,
                                        const LatentArray* coarser) const {
  const InpaintStage& stage = stages_[index];
  const LatentArray kept = encode_kept(
      run, run.work.stage_directory(index), stage.bundle, run.networks.coarser_autoencoder(index),
      {stage.pixels.samples, stage.size(), as_canvas(stage.canvas), stage.painted}, threads_);
  const CoarserLabels labels(part.labels, stage.slide, 1 / cells_a_cell(bundle_, stage.bundle),
                             bundle_.labels.glass());
  const CanvasLabels on_canvas(labels, as_canvas(stage.canvas),
                               {-stage.canvas.x0, -stage.canvas.y0});
  std::optional<PictureContext> context;
  if (coarser != nullptr)
    context.emplace(this->context(stage.bundle, stage.canvas, index - 1, *coarser));
  const NoGlass none;
  const GlassTexture texture(16);
  // What is not painted stays as the slide has it.
  const auto edit = [&](std::int64_t first, Picture& rows) {
    const int factor = stage.bundle.latent.downsampling;
    for (std::int64_t y = 0; y < rows.size.height; ++y)
      for (std::int64_t x = 0; x < rows.size.width; ++x)
        if (stage.painted[static_cast<std::size_t>((first + y) / factor * stage.canvas.width() +
                                                   x / factor)] == 0)
          std::copy_n(stage.pixels.at(x, first + y), 3, rows.at(x, y));
  };
  return run_stage(run, {.index = index,
                         .painting = stage.painting,
                         .decoding = stage.decoding,
                         .size = stage.size(),
                         .scene = {on_canvas,
                                   bundle_.labels.unknown(),
                                   std::nullopt,
                                   {},
                                   &kept,
                                   context ? &*context : nullptr},
                         .glass = {none, texture, {}},
                         .edit = edit});
}

}  // namespace histoloom
