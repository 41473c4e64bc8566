#include "mask_painting.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "generations.h"
#include "plan.h"
#include "scene_labels.h"

namespace histoloom {

namespace {

constexpr StoreType kStore = StoreType::float16;

// The conditions of mask cells: the prompt where any latent cell of it is to be painted.
class Conditions final : public LabelField {
 public:
  Conditions(const LabelField& outline, LabelId unknown, int latents_a_cell, LabelId condition,
             LabelId beyond)
      : outline_(outline),
        unknown_(unknown),
        factor_(latents_a_cell),
        condition_(condition),
        beyond_(beyond) {}

  LatentSize size() const override {
    return {divide_up(outline_.size().width, factor_), divide_up(outline_.size().height, factor_)};
  }
  void read(const LatentRect& rect, LabelId* out) const override {
    const LatentRect cells =
        intersect({rect.x0 * factor_, rect.y0 * factor_, rect.x1 * factor_, rect.y1 * factor_},
                  LatentRect::of(outline_.size()));
    std::vector<LabelId> ids(static_cast<std::size_t>(cells.area()));
    outline_.read(cells, ids.data());
    std::fill_n(out, rect.area(), beyond_);
    for (std::int64_t y = 0; y < cells.height(); ++y)
      for (std::int64_t x = 0; x < cells.width(); ++x)
        if (ids[static_cast<std::size_t>(y * cells.width() + x)] == unknown_)
          out[y / factor_ * rect.width() + x / factor_] = condition_;
  }

 private:
  const LabelField& outline_;
  LabelId unknown_;
  std::int64_t factor_;
  LabelId condition_, beyond_;
};

// What latent cell `latent` takes of mask cell `cell` and of those before and after it: the
// quadratic B-spline, so that borders between classes bend instead of following the cells.
struct Taps {
  std::int64_t cell;
  std::array<float, 3> weights;
};

Taps taps_of(std::int64_t latent, std::int64_t latents_a_cell) {
  const float t =
      (static_cast<float>(latent % latents_a_cell) + 0.5f) / static_cast<float>(latents_a_cell) -
      0.5f;
  return {latent / latents_a_cell,
          {0.5f * (0.5f - t) * (0.5f - t), 0.75f - t * t, 0.5f * (0.5f + t) * (0.5f + t)}};
}

// The outline, and in its unknown cells the class that a painted canvas, interpolated between its
// cells, has most of.
class PaintedLabels final : public LabelField {
 public:
  PaintedLabels(std::unique_ptr<LabelField> outline, LatentArray canvas, LabelId unknown,
                int latents_a_cell, std::vector<LabelId> classes)
      : outline_(std::move(outline)),
        canvas_(std::move(canvas)),
        unknown_(unknown),
        factor_(latents_a_cell),
        classes_(std::move(classes)) {}

  LatentSize size() const override { return outline_->size(); }
  void read(const LatentRect& rect, LabelId* out) const override {
    outline_->read(rect, out);
    if (std::find(out, out + rect.area(), unknown_) == out + rect.area()) return;
    const std::vector<LabelId> painted = classes_of(rect);
    for (std::size_t i = 0; i < painted.size(); ++i)
      if (out[i] == unknown_) out[i] = painted[i];
  }

 private:
  // The class with the largest value, latent cell by latent cell; on a tie the lowest.
  std::vector<LabelId> classes_of(const LatentRect& rect) const {
    const LatentRect cells =
        intersect({rect.x0 / factor_ - 1, rect.y0 / factor_ - 1, divide_up(rect.x1, factor_) + 1,
                   divide_up(rect.y1, factor_) + 1},
                  LatentRect::of(canvas_.size()));
    std::vector<float> values(static_cast<std::size_t>(cells.area()) * classes_.size());
    canvas_.read(cells, values.data());
    // Where nothing was painted there is no number; glass is 0.
    for (float& value : values)
      if (std::isnan(value)) value = 0;
    std::vector<LabelId> out(static_cast<std::size_t>(rect.area()), classes_[0]);
    std::vector<float> most;
    for (std::size_t c = 0; c < classes_.size(); ++c) {
      const float* channel = values.data() + static_cast<std::ptrdiff_t>(c) * cells.area();
      std::vector<float> interpolated = interpolate(channel, cells, rect);
      if (c == 0) {
        most = std::move(interpolated);
        continue;
      }
      for (std::size_t i = 0; i < out.size(); ++i) {
        if (!(interpolated[i] > most[i])) continue;
        most[i] = interpolated[i];
        out[i] = classes_[c];
      }
    }
    return out;
  }

  // One channel of the mask cells `cells` at the latent cells `rect`; cells beyond the canvas are
  // those at its border.
  std::vector<float> interpolate(const float* channel, const LatentRect& cells,
                                 const LatentRect& rect) const {
    std::vector<float> out(static_cast<std::size_t>(rect.area()));
    std::vector<float> row(static_cast<std::size_t>(cells.width()));
    for (std::int64_t y = rect.y0; y < rect.y1; ++y) {
      const Taps down = taps_of(y, factor_);
      std::fill(row.begin(), row.end(), 0.0f);
      for (std::int64_t k = 0; k < 3; ++k) {
        const float* from =
            channel +
            (std::clamp(down.cell + k - 1, cells.y0, cells.y1 - 1) - cells.y0) * cells.width();
        for (std::size_t i = 0; i < row.size(); ++i)
          row[i] += down.weights[static_cast<std::size_t>(k)] * from[i];
      }
      float* to = out.data() + (y - rect.y0) * rect.width();
      for (std::int64_t x = rect.x0; x < rect.x1; ++x) {
        const Taps across = taps_of(x, factor_);
        float sum = 0;
        for (std::int64_t k = 0; k < 3; ++k)
          sum += across.weights[static_cast<std::size_t>(k)] *
                 row[static_cast<std::size_t>(
                     std::clamp(across.cell + k - 1, cells.x0, cells.x1 - 1) - cells.x0)];
        to[x - rect.x0] = sum;
      }
    }
    return out;
  }

  std::unique_ptr<LabelField> outline_;
  LatentArray canvas_;
  LabelId unknown_;
  std::int64_t factor_;
  std::vector<LabelId> classes_;
};

}  // namespace

bool can_paint_masks(const ModelBundle& bundle) { return bundle.mask_denoiser && bundle.mask; }

std::unique_ptr<MaskPainting> mask_painting_of(const SceneOptions& options,
                                               const ModelBundle& bundle, const LabelSet& labels) {
  if (!options.mask.empty() || (!can_paint_masks(bundle) && options.prompt.empty())) return nullptr;
  return std::make_unique<MaskPainting>(bundle, labels, options.prompt);
}

MaskPainting::MaskPainting(const ModelBundle& bundle, const LabelSet& labels,
                           std::string_view prompt)
    : bundle_(bundle),
      unknown_(labels.unknown()),
      model_(bundle, labels),
      condition_(model_.condition(prompt)) {}

DiffusionOptions MaskPainting::options(std::uint64_t seed, int threads) const {
  DiffusionOptions out = diffusion_options(bundle_.mask->sampling);
  out.tapered_steps = 1;  // a class has no tone that could jump: one step hides the crops
  out.seed = seed;
  out.noise = kMaskNoise;
  out.threads = threads;
  return out;
}

LatentSize MaskPainting::canvas(LatentSize slide_cells) const {
  const std::int64_t patch = bundle_.mask->patch;
  return {std::max(divide_up(slide_cells.width, latents_a_cell()), patch),
          std::max(divide_up(slide_cells.height, latents_a_cell()), patch)};
}

std::uint64_t MaskPainting::disk(LatentSize slide_cells) const {
  const bool x0 = keeps_x0(*parse_solver_kind(bundle_.mask->sampling.sampler));
  return (x0 ? 6 : 3) *
         latent_array_bytes(static_cast<int>(model_.classes().size()), canvas(slide_cells), kStore);
}

std::uint64_t MaskPainting::memory(LatentSize slide_cells, const DiffusionOptions& options) const {
  return painting_memory(model_.as_latents(), canvas(slide_cells), options);
}

CanvasLabels MaskPainting::conditions_of(const LabelField& outline) const {
  const LabelId beyond = model_.has_beyond() ? model_.beyond() : condition_;
  return {std::make_unique<Conditions>(outline, unknown_, latents_a_cell(), condition_, beyond),
          canvas(outline.size())};
}

Scene MaskPainting::scene_of(const CanvasLabels& conditions) const {
  return {conditions, /*unknown=*/0,
          model_.has_beyond() ? std::optional(model_.beyond()) : std::nullopt,
          std::vector<float>(model_.classes().size(), 0.0f)};
}

CanvasForecast MaskPainting::forecast(const LabelField& outline, const DiffusionOptions& options,
                                      DType dtype) const {
  const ModelBundle masks = model_.as_latents();
  const auto denoiser = model_.load(dtype);
  const CanvasLabels conditions = conditions_of(outline);
  return {forecast_painting(masks, *denoiser, scene_of(conditions), options),
          denoiser->gflop_per_evaluation(masks.patch)};
}

std::unique_ptr<LabelField> MaskPainting::paint(std::unique_ptr<LabelField> outline,
                                                const DiffusionOptions& options, DType dtype,
                                                const std::filesystem::path& directory,
                                                bool resumed, ChunkCache& cache, Progress& progress,
                                                DiffusionReport& report) const {
  const ModelBundle masks = model_.as_latents();
  const LatentSize size = canvas(outline->size());
  std::vector<LatentArray> arrays;
  for (const char* name : kCanvasArrays) {
    if (arrays.size() == 2 && !keeps_x0(options.solver)) break;
    arrays.push_back(
        generation_at(directory / name, resumed, {masks.latent_channels, size, kStore}, cache));
  }
  CanvasState state{.y = {&arrays[0], &arrays[1]}};
  if (keeps_x0(options.solver)) state.x0 = {&arrays[2], &arrays[3]};

  const auto denoiser = model_.load(dtype);
  const CanvasLabels conditions = conditions_of(*outline);
  const int result =
      paint_latents(masks, *denoiser, scene_of(conditions), options, state, progress, report);
  return std::make_unique<PaintedLabels>(std::move(outline),
                                         std::move(arrays[static_cast<std::size_t>(result)]),
                                         unknown_, latents_a_cell(), model_.classes());
}

}  // namespace histoloom
