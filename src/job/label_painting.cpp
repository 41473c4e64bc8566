#include "label_painting.h"

#include <algorithm>
#include <vector>

#include "canvas_labels.h"
#include "histoloom/store/array_files.h"
#include "mask_cells.h"
#include "sampling_choice.h"

namespace histoloom {

namespace {

Sampling sampling_of_labels(const ModelBundle& bundle, std::uint64_t seed) {
  Sampling out = sampling_of(bundle.mask->sampling);
  out.tapered_steps = 1;  // a class has no tone that could jump: one step hides the crops
  out.seed = seed;
  out.noise = kMaskNoise;
  if (bundle.mask->coarser) out.begin = bundle.mask->coarser->begin;
  return out;
}

Sampling sampling_of_coarser(const ModelBundle& bundle, std::uint64_t seed) {
  Sampling out = sampling_of_labels(bundle, seed);
  out.steps = bundle.mask->coarser->steps;
  out.begin = 1;
  out.guidance = 0;
  out.noise = kCoarserMaskNoise;
  return out;
}

DiffusionModel coarser_model(const MaskModel& model) {
  DiffusionModel out = model.diffusion_model();
  out.name = "coarser " + out.name;
  return out;
}

// Mask cells of `latents_a_cell` latent cells a side that cover the slide, at least a patch a side.
LatentSize canvas_of(const ModelBundle& bundle, CellSize slide_cells, std::int64_t latents_a_cell) {
  const std::int64_t patch = bundle.mask->patch;
  return {std::max(divide_up(slide_cells.width, latents_a_cell), patch),
          std::max(divide_up(slide_cells.height, latents_a_cell), patch)};
}

// Latent cells along a mask cell of so many pixels.
std::int64_t latents_in(const ModelBundle& bundle, int cell) {
  return cell / bundle.latent.downsampling;
}

DiffusionReport joined(const DiffusionReport& first, const DiffusionReport& second) {
  DiffusionReport out = first;
  out.evaluations += second.evaluations;
  out.padded_evaluations += second.padded_evaluations;
  out.batches += second.batches;
  out.denoiser_seconds += second.denoiser_seconds;
  out.gflop_per_evaluation = second.gflop_per_evaluation;
  out.steps.insert(out.steps.end(), second.steps.begin(), second.steps.end());
  return out;
}

// The canvas of the coarser scale, beside that of the finer one.
CanvasStore coarser_store(const CanvasStore& store) {
  CanvasStore out = store;
  for (auto* paths : {&out.y, &out.x0})
    for (std::filesystem::path& path : *paths)
      path.replace_filename(kCoarserPrefix + path.filename().string());
  return out;
}

void remove_buffers(const CanvasStore& store) {
  for (const auto* paths : {&store.y, &store.x0})
    for (const std::filesystem::path& path : *paths) remove_array(path);
}

}  // namespace

LabelPainting::LabelPainting(const ModelBundle& bundle, std::string_view prompt,
                             CellSize slide_cells, std::uint64_t seed, int threads)
    : bundle_(bundle),
      unknown_(bundle.labels.unknown()),
      model_(bundle),
      condition_(model_.condition(prompt)),
      stage_(model_.diffusion_model(), sampling_of_labels(bundle, seed),
             canvas_of(bundle, slide_cells, latents_in(bundle, bundle.mask->cell)), threads) {
  if (!bundle.mask->coarser) return;
  coarser_condition_ = model_.coarser_condition(condition_);
  coarser_.emplace(coarser_model(model_), sampling_of_coarser(bundle, seed),
                   canvas_of(bundle, slide_cells, latents_in(bundle, bundle.mask->coarser->cell)),
                   threads);
}

std::vector<const PaintStage*> LabelPainting::stages() const {
  return coarser_ ? std::vector{&*coarser_, &stage_} : std::vector{&stage_};
}

std::uint64_t LabelPainting::disk() const {
  return stage_.disk() + (coarser_ ? coarser_->disk() : 0);
}

std::uint64_t LabelPainting::memory() const {
  return std::max(stage_.memory(), coarser_ ? coarser_->memory() : 0);
}

template <class Visit>
auto LabelPainting::with_scene(const PaintStage& stage, const LabelField& outline,
                               Visit&& visit) const {
  const bool finer = &stage == &stage_;
  const LabelId condition = finer ? condition_ : coarser_condition_;
  const LabelId beyond = model_.has_beyond() ? model_.beyond() : condition;
  const int cell = finer ? bundle_.mask->cell : bundle_.mask->coarser->cell;
  const MaskConditions conditions(outline, unknown_, latents_in(bundle_, cell), condition, beyond);
  const CanvasConditions on_canvas(conditions, stage.canvas());
  return visit(Scene{on_canvas, /*unknown=*/0,
                     model_.has_beyond() ? std::optional(beyond) : std::nullopt,
                     std::vector<float>(model_.classes().size(), 0.0f)});
}

CanvasForecast LabelPainting::forecast(const LabelField& outline, Denoiser& denoiser) const {
  CanvasForecast out;
  for (const PaintStage* stage : stages()) {
    const CanvasForecast one = with_scene(
        *stage, outline, [&](const Scene& scene) { return stage->forecast(denoiser, scene); });
    out.painting.add(one.painting);
    out.gflop_per_evaluation = one.gflop_per_evaluation;
  }
  return out;
}

std::unique_ptr<LabelField> LabelPainting::paint(
    std::unique_ptr<LabelField> outline, Denoiser& denoiser, const CanvasStore& store,
    PaintedPart done, std::function<void(PaintedPart, const DiffusionReport&)> committed,
    Progress& progress, DiffusionReport& report) const {
  // Steps count through both scales.
  const int before = coarser_ ? coarser_->sampling().steps : 0;
  report = {};
  std::optional<LatentArray> coarser;
  if (coarser_) {
    const CanvasStore there = coarser_store(store);
    if (done.steps >= before) {
      coarser = coarser_->painted(there);
    } else {
      PaintedCanvas painted = with_scene(*coarser_, *outline, [&](const Scene& scene) {
        return coarser_->run(denoiser, scene, there, done, committed, progress);
      });
      coarser = std::move(painted.latents);
      report = painted.report;
      done = {before, 0};
    }
  }
  const PaintedPart finer{done.steps - before, done.crops};
  // A run that was killed before its first commit has left some of them.
  if (coarser_ && finer == PaintedPart{}) remove_buffers(store);
  std::optional<EnlargedMask> estimate;
  if (coarser) estimate.emplace(*coarser, bundle_.mask->coarser->cell / bundle_.mask->cell);
  const DiffusionReport first = report;
  PaintedCanvas painted = with_scene(stage_, *outline, [&](Scene scene) {
    if (estimate) scene.estimate = &*estimate;
    return stage_.run(
        denoiser, scene, store, finer,
        [&](PaintedPart part, const DiffusionReport& now) {
          committed({before + part.steps, part.crops}, joined(first, now));
        },
        progress);
  });
  report = joined(first, painted.report);
  return std::make_unique<PaintedLabels>(std::move(outline), std::move(painted.latents), unknown_,
                                         latents_in(bundle_, bundle_.mask->cell), model_.classes());
}

namespace {

// A painting with the network that a job has for it.
class NetworkPainter final : public LabelPainter {
 public:
  explicit NetworkPainter(LabelPainting painting) : painting_(std::move(painting)) {}

  std::string prompt() const override { return painting_.prompt(); }
  std::uint64_t disk() const override { return painting_.disk(); }
  std::uint64_t memory() const override { return painting_.memory(); }
  CanvasForecast forecast(const LabelField& outline, NetworkSource& networks) const override {
    return painting_.forecast(outline, networks.label_denoiser());
  }
  std::unique_ptr<LabelField> paint(
      std::unique_ptr<LabelField> outline, NetworkSource& networks, const CanvasStore& store,
      PaintedPart done, std::function<void(PaintedPart, const DiffusionReport&)> committed,
      Progress& progress, DiffusionReport& report) const override {
    return painting_.paint(std::move(outline), networks.label_denoiser(), store, done,
                           std::move(committed), progress, report);
  }

 private:
  LabelPainting painting_;
};

}  // namespace

std::unique_ptr<LabelPainter> label_painter(const LabelSpec& spec, const ModelBundle& bundle,
                                            int threads) {
  const auto* layout = std::get_if<LayoutSource>(&spec.source);
  const bool can_paint = bundle.mask_denoiser && bundle.mask;
  if (layout == nullptr || layout->unlabelled || (!can_paint && layout->prompt.empty()))
    return nullptr;
  return std::make_unique<NetworkPainter>(
      LabelPainting(bundle, layout->prompt, latent_size_for(spec.size, bundle.latent.downsampling),
                    spec.seed, threads));
}

}  // namespace histoloom
