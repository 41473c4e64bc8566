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
#include "step_pass.h"

namespace histoloom {

namespace {

class Painter {
 public:
  Painter(const DiffusionModel& model, Denoiser& denoiser, const Scene& scene,
          const Sampling& sampling, const RunControl& control, const CanvasState& state,
          Progress& progress)
      : model_(model),
        scene_(scene),
        sampling_(sampling),
        control_(control),
        state_(state),
        progress_(progress),
        evaluator_(model, denoiser, scene, sampling),
        solver_(model, sampling),
        times_(times_of(model.schedule, sampling)),
        kernel_(make_solver(sampling.solver, model.schedule, {times_.begin(), times_.end()},
                            sampling.eta,
                            model.clip.value_or(std::numeric_limits<double>::infinity()))),
        canvas_(scene.labels.size()) {
    if (!kernel_->keeps_x0()) state_.x0 = {};
    report_.gflop_per_evaluation = denoiser.gflop_per_evaluation(model.patch);
  }

  PaintResult run();

 private:
  Step step_at(int index) const;
  bool guided(int index) const;
  std::unique_ptr<StepPass> pass_of(const Step& step) const;
  // Takes the step's crops through the denoiser, from the first that no run before has committed.
  void paint_step(const Step& step);
  void advance_canvas(const Step& step, StepPass& pass);
  CropStages stages_of(const Step& step, StepPass& pass);
  // Takes the pass's next crop and its labels; how many cells it paints, if there is one.
  std::optional<std::int64_t> take_crop(StepPass& pass, CropData& data);
  // Takes the first `count` crops, which an earlier run has committed; how many cells they paint.
  // \error UserError if the step has fewer.
  std::int64_t pass_over(StepPass& pass, std::int64_t count);
  // Takes crops until one paints a cell; false where a commit is due or there is none.
  bool next_crop(StepPass& pass, CropData& data);
  bool commit_is_due() const;
  void commit(const Step& step, PaintedPart part);
  std::int64_t first_crop(const Step& step) const {
    return step.index == control_.done.steps ? control_.done.crops : 0;
  }
  // The cells that are wanted after a step.
  LatentRect wanted(int index) const {
    return control_.wanted.empty() ? LatentRect::of(canvas_)
                                   : control_.wanted[static_cast<std::size_t>(index)];
  }
  void count_cells();
  void tell_progress(int step) {
    progress_.update(painted_, fmt::format("step {}/{}", step + 1, sampling_.steps));
  }

  const DiffusionModel& model_;
  const Scene& scene_;
  const Sampling& sampling_;
  const RunControl& control_;
  CanvasState state_;
  Progress& progress_;
  DiffusionReport report_;
  CropEvaluator evaluator_;
  CellSolver solver_;
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
  return is_guided(sampling_, times_[static_cast<std::size_t>(index)], model_.schedule.steps());
}

Step Painter::step_at(int index) const {
  const auto from = static_cast<std::size_t>(index % 2), to = 1 - from;
  // Where guidance starts or ends, x0 jumps: its slope means nothing there.
  const bool history = index > 0 && guided(index) == guided(index - 1);
  return {.index = index,
          .time = times_[static_cast<std::size_t>(index)],
          .guided = guided(index),
          .tapered = index >= sampling_.steps - sampling_.tapered_steps,
          .solver = kernel_->step(index, history),
          .source = index == 0 ? sampling_.start : state_.y[from],
          .target = state_.y[to],
          .x0_source = index == 0 ? nullptr : state_.x0[from],
          .x0_target = state_.x0[to]};
}

void Painter::count_cells() {
  const std::int64_t p = model_.patch;
  std::vector<LabelId> ids(static_cast<std::size_t>(p * p));
  const LatentRect all = wanted(sampling_.steps - 1);
  for (std::int64_t y = all.y0; y < all.y1; y += p) {
    for (std::int64_t x = all.x0; x < all.x1; x += p) {
      const LatentRect rect = intersect({x, y, x + p, y + p}, all);
      scene_.labels.read(rect, ids.data());
      const auto known = evaluator_.known().flags(rect, ids.data());
      const auto unknown = std::count(known.begin(), known.end(), 0);
      to_paint_ += unknown;
      minimum_ += unknown > 0;
    }
  }
}

std::optional<std::int64_t> Painter::take_crop(StepPass& pass, CropData& data) {
  exhausted_ = !pass.next(data.crop);
  if (exhausted_) return std::nullopt;
  ++taken_;
  evaluator_.read_labels(data);
  const std::int64_t owned = disown_known(data);
  crops_ += owned > 0;
  return owned;
}

std::int64_t Painter::pass_over(StepPass& pass, std::int64_t count) {
  CropData passed;
  std::int64_t cells = 0;
  while (taken_ < count) {
    const auto owned = take_crop(pass, passed);
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
  return since.count() >= control_.commit_seconds;
}

bool Painter::next_crop(StepPass& pass, CropData& data) {
  while (!progress_.stop_requested() && !commit_is_due()) {
    const auto owned = take_crop(pass, data);
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
  control_.committed(part, report_);
  uncommitted_ = 0;
  last_commit_ = std::chrono::steady_clock::now();
}

CropStages Painter::stages_of(const Step& step, StepPass& pass) {
  return {
      .next = [&](CropData& data) { return next_crop(pass, data); },
      .read = [&](CropData& data) { evaluator_.read_state(data, step.source, step.solver); },
      .predict =
          [&](CropGroup& group) { evaluator_.predict(group, step.time, step.guided, counters_); },
      .write =
          [&](CropData& data) {
            solver_.predict_x0(data, step);
            pass.write(data);
          },
      .collect =
          [&](const CropData& data) {
            painted_ += pass.collect(data);
            tell_progress(step.index);
          }};
}

void Painter::advance_canvas(const Step& step, StepPass& pass) {
  group_size_ = evaluator_.group_size(step.guided);
  const CropStages stages = stages_of(step, pass);
  while (!exhausted_) {
    run_crops(stages, static_cast<std::size_t>(group_size_), control_.threads);
    if (exhausted_) break;
    painted_ += pass.prepare_commit();
    commit(step, {step.index, taken_});
    if (progress_.stop_requested())
      throw Interrupted(fmt::format("stopped while painting {}, in step {} of {}", model_.name,
                                    step.index + 1, sampling_.steps));
  }
}

std::unique_ptr<StepPass> Painter::pass_of(const Step& step) const {
  if (step.tapered)
    return std::make_unique<TaperedPass>(model_, scene_, wanted(step.index), evaluator_.known(),
                                         solver_, step);
  auto plan = plan_of_step(model_, canvas_, sampling_, step.index);
  return std::make_unique<PlainPass>(std::move(plan), model_.patch, wanted(step.index), solver_,
                                     step);
}

void Painter::paint_step(const Step& step) {
  taken_ = crops_ = 0;
  exhausted_ = false;
  const std::unique_ptr<StepPass> pass = pass_of(step);
  const std::int64_t committed = first_crop(step);
  const std::int64_t passed = pass_over(*pass, pass->first_needed(committed));
  painted_ += pass->take_up(committed, passed);
  tell_progress(step.index);
  advance_canvas(step, *pass);
  painted_ += pass->finish();
}

PaintResult Painter::run() {
  if (control_.done.steps > sampling_.steps)
    throw UserError(fmt::format("{} steps are said to be painted, of {}; {}", control_.done.steps,
                                sampling_.steps, kStartOver));
  count_cells();
  painted_ = to_paint_ * control_.done.steps;
  progress_.start_stage(fmt::format("painting {}", model_.name), to_paint_ * sampling_.steps,
                        "cells");
  for (int i = control_.done.steps; i < sampling_.steps; ++i) {
    const Step step = step_at(i);
    paint_step(step);
    if (i + 1 == sampling_.steps) evaluator_.known().write_kept(wanted(i), *step.target);
    report_.steps.push_back({crops_, minimum_, step.tapered});
    commit(step, {i + 1, 0});
    tell_progress(i);
  }
  progress_.finish();
  return {state_.y[static_cast<std::size_t>(sampling_.steps % 2)], report_};
}

}  // namespace

bool keeps_x0(SolverKind kind) {
  return make_solver(kind, NoiseSchedule::linear(2), {1, -1}, 0, 1)->keeps_x0();
}

PaintResult paint_latents(const DiffusionModel& model, Denoiser& denoiser, const Scene& scene,
                          const Sampling& sampling, const RunControl& control,
                          const CanvasState& state, Progress& progress) {
  check_internal(model.channels >= 1 && model.channels <= kMaxChannels,
                 "a canvas of more channels than can be painted");
  const auto fits = [&](const LatentArray* array) {
    return array != nullptr && array->size() == scene.labels.size() &&
           array->channels() == model.channels;
  };
  for (const std::size_t i : {0, 1})
    check_internal(fits(state.y[i]) && (!keeps_x0(sampling.solver) || fits(state.x0[i])),
                   "latent buffers of another shape than the scene");
  check_internal(
      scene.context == nullptr || scene.context->channels() == denoiser.context_channels(),
      "a context of other planes than the denoiser's");
  check_internal(
      control.wanted.empty() || control.wanted.size() == static_cast<std::size_t>(sampling.steps),
      "wanted cells of another number of steps");
  check_internal(scene.kept == nullptr || fits(scene.kept),
                 "kept cells of another shape than the scene");
  check_internal((scene.estimate != nullptr) == (sampling.begin < 1),
                 "painting that starts late without an estimate, or the reverse");
  return Painter(model, denoiser, scene, sampling, control, state, progress).run();
}

std::uint64_t painting_memory(const DiffusionModel& model, LatentSize canvas,
                              const Sampling& sampling, int threads) {
  const std::int64_t c = model.channels, p = model.patch, n = threads;
  const std::int64_t strip = sampling.tapered_steps > 0 ? 4 * c * p * canvas.width : 0;
  // Crops fill a batch where one takes one evaluation.
  const std::int64_t k = model.context ? context_channels(*model.context) : 0;
  const std::int64_t colours = sampling.consistency != 0 ? 12 : 0;
  const std::int64_t crops = (2 * n + 2) * model.batch * p * p * (12 * c + 4 * k + 3 + colours);
  const std::int64_t calls = n * model.batch * p * p * (16 * c + 12 * k + 16);
  const std::int64_t plan = sampling.plan == PlanKind::random ? canvas.area() / 8 : 0;
  return static_cast<std::uint64_t>(strip + crops + calls + plan);
}

}  // namespace histoloom
