#include "label_painting.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "canvas_labels.h"
#include "sampling_choice.h"

namespace histoloom {

namespace {

// The conditions of mask cells: the prompt where any latent cell of it is to be painted.
class Conditions final : public MaskLabelField {
 public:
  Conditions(const LabelField& outline, LabelId unknown, int latents_a_cell, LabelId condition,
             LabelId beyond)
      : outline_(outline),
        unknown_(unknown),
        factor_(latents_a_cell),
        condition_(condition),
        beyond_(beyond) {}

  MaskSize size() const override {
    return {divide_up(outline_.size().width, factor_), divide_up(outline_.size().height, factor_)};
  }
  void read(const MaskRect& rect, LabelId* out) const override {
    const CellRect cells =
        intersect({rect.x0 * factor_, rect.y0 * factor_, rect.x1 * factor_, rect.y1 * factor_},
                  CellRect::of(outline_.size()));
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

  CellSize size() const override { return outline_->size(); }
  void read(const CellRect& rect, LabelId* out) const override {
    outline_->read(rect, out);
    if (std::find(out, out + rect.area(), unknown_) == out + rect.area()) return;
    const std::vector<LabelId> painted = classes_of(rect);
    for (std::size_t i = 0; i < painted.size(); ++i)
      if (out[i] == unknown_) out[i] = painted[i];
  }

 private:
  // The class with the largest value, latent cell by latent cell; on a tie the lowest.
  std::vector<LabelId> classes_of(const CellRect& rect) const {
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
                                 const CellRect& rect) const {
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

namespace {

Sampling sampling_of_labels(const ModelBundle& bundle, std::uint64_t seed) {
  Sampling out = sampling_of(bundle.mask->sampling);
  out.tapered_steps = 1;  // a class has no tone that could jump: one step hides the crops
  out.seed = seed;
  out.noise = kMaskNoise;
  return out;
}

// Mask cells that cover the slide, at least a patch a side.
LatentSize canvas_of(const ModelBundle& bundle, CellSize slide_cells) {
  const std::int64_t patch = bundle.mask->patch;
  const std::int64_t factor = bundle.mask->cell / bundle.latent.downsampling;
  return {std::max(divide_up(slide_cells.width, factor), patch),
          std::max(divide_up(slide_cells.height, factor), patch)};
}

}  // namespace

LabelPainting::LabelPainting(const ModelBundle& bundle, std::string_view prompt,
                             CellSize slide_cells, std::uint64_t seed, int threads)
    : bundle_(bundle),
      unknown_(bundle.labels.unknown()),
      model_(bundle),
      condition_(model_.condition(prompt)),
      stage_(model_.diffusion_model(), sampling_of_labels(bundle, seed),
             canvas_of(bundle, slide_cells), threads) {}

template <class Visit>
auto LabelPainting::with_scene(const LabelField& outline, Visit&& visit) const {
  const LabelId beyond = model_.has_beyond() ? model_.beyond() : condition_;
  const Conditions conditions(outline, unknown_, latents_a_cell(), condition_, beyond);
  const CanvasConditions on_canvas(conditions, stage_.canvas());
  return visit(Scene{on_canvas, /*unknown=*/0,
                     model_.has_beyond() ? std::optional(beyond) : std::nullopt,
                     std::vector<float>(model_.classes().size(), 0.0f)});
}

CanvasForecast LabelPainting::forecast(const LabelField& outline, Denoiser& denoiser) const {
  return with_scene(outline, [&](const Scene& scene) { return stage_.forecast(denoiser, scene); });
}

std::unique_ptr<LabelField> LabelPainting::paint(
    std::unique_ptr<LabelField> outline, Denoiser& denoiser, const CanvasStore& store,
    PaintedPart done, std::function<void(PaintedPart, const DiffusionReport&)> committed,
    Progress& progress, DiffusionReport& report) const {
  PaintedCanvas painted = with_scene(*outline, [&](const Scene& scene) {
    return stage_.run(denoiser, scene, store, done, std::move(committed), progress);
  });
  report = painted.report;
  return std::make_unique<PaintedLabels>(std::move(outline), std::move(painted.latents), unknown_,
                                         latents_a_cell(), model_.classes());
}

namespace {

// A painting with the network that a job has for it.
class NetworkPainter final : public LabelPainter {
 public:
  explicit NetworkPainter(LabelPainting painting) : painting_(std::move(painting)) {}

  std::string prompt() const override { return painting_.prompt(); }
  std::uint64_t disk() const override { return painting_.stage().disk(); }
  std::uint64_t memory() const override { return painting_.stage().memory(); }
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
