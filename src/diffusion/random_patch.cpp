#include "histoloom/diffusion/random_patch.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "crop_batch.h"
#include "crop_pipeline.h"
#include "histoloom/core/error.h"
#include "histoloom/store/start_over.h"
#include "step.h"
#include "tapered_strip.h"

namespace histoloom {

namespace {

class Painter {
 public:
  Painter(const ModelBundle& bundle, Denoiser& denoiser, const Scene& scene,
          const DiffusionOptions& options, const CanvasState& state, Progress& progress,
          DiffusionReport& report)
      : bundle_(bundle),
        scene_(scene),
        options_(options),
        state_(state),
        progress_(progress),
        report_(report),
        evaluator_(bundle, denoiser, scene, options),
        solver_(bundle, options),
        schedule_(NoiseSchedule::of(bundle.schedule)),
        times_(schedule_.times(options.steps, options.spacing)),
        kernel_(make_solver(options.solver, schedule_, {times_.begin(), times_.end()}, options.eta,
                            bundle.clip.value_or(std::numeric_limits<double>::infinity()))),
        canvas_(scene.labels.size()) {
    if (!kernel_->keeps_x0()) state_.x0 = {};
  }

  int run();

 private:
  Step step_at(int index) const;
  bool guided(int index) const;
  void plain_step(const Step& step);
  void tapered_step(const Step& step);
  // Takes the step's crops from `source` through the denoiser, from the first that no run before
  // has committed on. `write` gets each crop with its x0 on any thread, `collect` in order and
  // tells how many cells it has painted; `settle` is called before a part of the step is committed.
  struct StepWork {
    std::function<bool(Crop&)> source;
    std::function<void(CropWork&)> write;
    std::function<std::int64_t(const CropWork&)> collect;
    std::function<std::int64_t()> settle;
  };
  void advance_canvas(const Step& step, const StepWork& work);
  CropStages stages_of(const Step& step, const StepWork& work);
  // Takes the plan's next crop and its labels; how many cells it paints, if there is one.
  std::optional<std::int64_t> take_crop(const std::function<bool(Crop&)>& source, CropWork& work);
  // Takes the first `count` crops, which an earlier run has committed; how many cells they paint.
  // \error UserError where the plan has fewer.
  std::int64_t pass_over(const std::function<bool(Crop&)>& source, std::int64_t count);
  // Takes crops until one paints a cell; false where a commit is due or there is none.
  bool next_crop(const std::function<bool(Crop&)>& source, CropWork& work);
  bool commit_is_due() const;
  void commit(const Step& step, PaintedPart part);
  std::int64_t first_crop(const Step& step) const {
    return step.index == options_.done.steps ? options_.done.crops : 0;
  }
  void count_cells();

  const ModelBundle& bundle_;
  const Scene& scene_;
  const DiffusionOptions& options_;
  CanvasState state_;
  Progress& progress_;
  DiffusionReport& report_;
  CropEvaluator evaluator_;
  CellSolver solver_;
  NoiseSchedule schedule_;
  std::vector<int> times_;
  std::unique_ptr<Solver> kernel_;
  LatentSize canvas_;
  DenoiserCounters counters_;
  std::int64_t to_paint_ = 0, minimum_ = 0, painted_ = 0;  // cells of a step; patches; cells in all
  // Of the current step: crops taken from the plan, those among them that paint cells, those since
  // the last commit; and whether the plan has no more.
  std::int64_t taken_ = 0, crops_ = 0, uncommitted_ = 0;
  bool exhausted_ = false;
  std::int64_t group_size_ = 1;  // crops that fill a batch
  std::chrono::steady_clock::time_point last_commit_ = std::chrono::steady_clock::now();
};

bool Painter::guided(int index) const {
  return is_guided(options_, times_[static_cast<std::size_t>(index)], schedule_.steps());
}

Step Painter::step_at(int index) const {
  const auto from = static_cast<std::size_t>(index % 2), to = 1 - from;
  // Where guidance starts or ends, x0 jumps: its slope means nothing there.
  const bool history = index > 0 && guided(index) == guided(index - 1);
  return {.index = index,
          .time = times_[static_cast<std::size_t>(index)],
          .guided = guided(index),
          .tapered = index >= options_.steps - options_.tapered_steps,
          .solver = kernel_->step(index, history),
          .source = index == 0 ? options_.start : state_.y[from],
          .target = state_.y[to],
          .x0_source = index == 0 ? nullptr : state_.x0[from],
          .x0_target = state_.x0[to]};
}

void Painter::count_cells() {
  const std::int64_t p = bundle_.patch;
  std::vector<LabelId> ids(static_cast<std::size_t>(p * p));
  for (std::int64_t y = 0; y < canvas_.height; y += p) {
    for (std::int64_t x = 0; x < canvas_.width; x += p) {
      const LatentRect rect = intersect({x, y, x + p, y + p}, LatentRect::of(canvas_));
      scene_.labels.read(rect, ids.data());
      const auto known = evaluator_.known().flags(rect, ids.data());
      const auto unknown = std::count(known.begin(), known.end(), 0);
      to_paint_ += unknown;
      minimum_ += unknown > 0;
    }
  }
}

std::optional<std::int64_t> Painter::take_crop(const std::function<bool(Crop&)>& source,
                                               CropWork& work) {
  exhausted_ = !source(work.crop);
  if (exhausted_) return std::nullopt;
  ++taken_;
  evaluator_.read_labels(work);
  const std::int64_t owned = disown_known(work);
  crops_ += owned > 0;
  return owned;
}

std::int64_t Painter::pass_over(const std::function<bool(Crop&)>& source, std::int64_t count) {
  CropWork passed;
  std::int64_t cells = 0;
  while (taken_ < count) {
    const auto owned = take_crop(source, passed);
    if (!owned)
      throw UserError(fmt::format("{} crops of a step are said to be painted, it has {}; {}", count,
                                  taken_, kStartOver));
    cells += *owned;
  }
  return cells;
}

bool Painter::commit_is_due() const {
  // Whole groups only: a smaller one would cost as much as a whole one.
  if (uncommitted_ == 0 || uncommitted_ % group_size_ != 0) return false;
  const std::chrono::duration<double> since = std::chrono::steady_clock::now() - last_commit_;
  return since.count() >= options_.commit_seconds;
}

bool Painter::next_crop(const std::function<bool(Crop&)>& source, CropWork& work) {
  while (!progress_.stop_requested() && !commit_is_due()) {
    const auto owned = take_crop(source, work);
    if (!owned) return false;
    // Crops that own known cells only cost nothing.
    if (*owned == 0) continue;
    ++uncommitted_;
    return true;
  }
  return false;
}

void Painter::commit(const Step& step, PaintedPart part) {
  if (step.x0_target != nullptr) step.x0_target->commit();
  step.target->commit();
  report_.evaluations = counters_.evaluations;
  report_.padded_evaluations = counters_.padded;
  report_.batches = counters_.batches;
  report_.denoiser_seconds = counters_.clock.seconds();
  options_.committed(part);
  uncommitted_ = 0;
  last_commit_ = std::chrono::steady_clock::now();
}

CropStages Painter::stages_of(const Step& step, const StepWork& work) {
  return {
      .next = [&](CropWork& crop) { return next_crop(work.source, crop); },
      .read = [&](CropWork& crop) { evaluator_.read_state(crop, step.source, step.solver); },
      .predict =
          [&](CropGroup& group) { evaluator_.predict(group, step.time, step.guided, counters_); },
      .write =
          [&](CropWork& crop) {
            solver_.predict_x0(crop, step);
            work.write(crop);
          },
      .collect =
          [&](const CropWork& crop) {
            painted_ += work.collect(crop);
            progress_.update(painted_, fmt::format("step {}/{}", step.index + 1, options_.steps));
          }};
}

void Painter::advance_canvas(const Step& step, const StepWork& work) {
  group_size_ = evaluator_.group_size(step.guided);
  const CropStages stages = stages_of(step, work);
  while (!exhausted_) {
    run_crops(stages, static_cast<std::size_t>(group_size_), options_.threads);
    if (exhausted_) break;
    painted_ += work.settle();
    commit(step, {step.index, taken_});
    if (progress_.stop_requested())
      throw Interrupted(
          fmt::format("stopped while painting, in step {} of {}", step.index + 1, options_.steps));
  }
}

void Painter::plain_step(const Step& step) {
  const auto plan =
      options_.crops ? options_.crops(step.index)
                     : make_plan(options_.plan, canvas_, bundle_.patch, options_.seed, step.index);
  const auto source = [&](Crop& crop) { return plan->next(crop); };
  const auto owned = [](const CropWork& work) {
    return std::count(work.crop.owned.begin(), work.crop.owned.end(), 1);
  };
  painted_ += pass_over(source, first_crop(step));
  advance_canvas(step, {.source = source,
                        .write = [&](CropWork& work) { solver_.write_owned(work, step); },
                        .collect = owned,
                        .settle = [] { return std::int64_t{0}; }});
}

void Painter::tapered_step(const Step& step) {
  TaperedStrip strip(bundle_, scene_.labels, evaluator_.known(), solver_, step);
  const auto source = [&](Crop& crop) { return strip.next(crop); };
  pass_over(source, strip.first_needed(first_crop(step)));
  painted_ += strip.skip_rows(first_crop(step));
  advance_canvas(step, {.source = source,
                        .write = [](CropWork&) {},
                        .collect = [&](const CropWork& work) { return strip.add(work); },
                        .settle = [&] { return strip.settle(); }});
  painted_ += strip.finish();
}

int Painter::run() {
  if (options_.done.steps > options_.steps)
    throw UserError(fmt::format("{} steps are said to be painted, of {}; {}", options_.done.steps,
                                options_.steps, kStartOver));
  count_cells();
  painted_ = to_paint_ * options_.done.steps;
  progress_.start_stage("painting latents", to_paint_ * options_.steps, "cells");
  for (int i = options_.done.steps; i < options_.steps; ++i) {
    const Step step = step_at(i);
    taken_ = crops_ = 0;
    exhausted_ = false;
    step.tapered ? tapered_step(step) : plain_step(step);
    if (i + 1 == options_.steps) evaluator_.known().write_kept(*step.target);
    report_.steps.push_back({crops_, minimum_, step.tapered});
    commit(step, {i + 1, 0});
    progress_.update(painted_, fmt::format("step {}/{}", i + 1, options_.steps));
  }
  progress_.finish();
  return options_.steps % 2;
}

}  // namespace

std::optional<SolverKind> parse_solver_kind(std::string_view name) {
  for (const SolverKind kind : {SolverKind::ddim, SolverKind::dpmpp})
    if (name == name_of(kind)) return kind;
  return std::nullopt;
}

std::string_view name_of(SolverKind kind) { return kind == SolverKind::ddim ? "ddim" : "dpm++"; }

bool keeps_x0(SolverKind kind) {
  return make_solver(kind, NoiseSchedule::linear(2), {1, -1}, 0, 1)->keeps_x0();
}

int paint_latents(const ModelBundle& bundle, Denoiser& denoiser, const Scene& scene,
                  const DiffusionOptions& options, const CanvasState& state, Progress& progress,
                  DiffusionReport& report) {
  const auto fits = [&](const LatentArray* array) {
    return array != nullptr && array->size() == scene.labels.size() &&
           array->channels() == bundle.latent_channels;
  };
  for (const std::size_t i : {0, 1})
    check_internal(fits(state.y[i]) && (!keeps_x0(options.solver) || fits(state.x0[i])),
                   "generations of another shape than the scene");
  check_internal(scene.kept == nullptr || fits(scene.kept),
                 "kept cells of another shape than the scene");
  report.gflop_per_evaluation = denoiser.gflop_per_evaluation(bundle.patch);
  return Painter(bundle, denoiser, scene, options, state, progress, report).run();
}

}  // namespace histoloom
