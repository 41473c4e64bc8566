#include "histoloom/diffusion/random_patch.h"

#include <fmt/format.h>
#include <tbb/parallel_pipeline.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <memory>

#include "crop_batch.h"
#include "histoloom/core/error.h"
#include "histoloom/model/inference_thread.h"
#include "step.h"
#include "tapered_strip.h"

namespace histoloom {

namespace {

using Group = std::shared_ptr<std::vector<CropWork>>;

class Painter {
 public:
  Painter(const ModelBundle& bundle, Denoiser& denoiser, const Scene& scene,
          const DiffusionOptions& options, const CanvasState& state, Progress& progress)
      : bundle_(bundle),
        scene_(scene),
        options_(options),
        state_(state),
        progress_(progress),
        evaluator_(bundle, denoiser, scene, options),
        solver_(bundle, options),
        schedule_(NoiseSchedule::of(bundle.schedule)),
        times_(schedule_.times(options.steps)),
        kernel_(make_solver(options.solver, schedule_, {times_.begin(), times_.end()}, options.eta,
                            bundle.clip.value_or(std::numeric_limits<double>::infinity()))),
        canvas_(scene.labels.size()) {
    if (!kernel_->keeps_x0()) state_.x0 = {};
  }

  int run(DiffusionReport& report);

 private:
  Step step_at(int index) const;
  bool guided(int index) const;
  void plain_step(const Step& step);
  void tapered_step(const Step& step);
  // Takes crops from `next_crop` in groups that fill a batch; `predicted` gets each crop with its
  // x0 from the threads that evaluate, `collected` from one thread in the order of the crops.
  template <class NextCrop, class Predicted, class Collected>
  void evaluate(const Step& step, NextCrop&& next_crop, Predicted&& predicted,
                Collected&& collected);
  // Takes glass out of what a crop owns; how many cells are left.
  std::int64_t disown_glass(CropWork& work) const;
  void count_cells();

  const ModelBundle& bundle_;
  const Scene& scene_;
  const DiffusionOptions& options_;
  CanvasState state_;
  Progress& progress_;
  CropEvaluator evaluator_;
  CellSolver solver_;
  NoiseSchedule schedule_;
  std::vector<int> times_;
  std::unique_ptr<Solver> kernel_;
  LatentSize canvas_;
  DenoiserCounters counters_;
  std::int64_t tissue_ = 0, minimum_ = 0, painted_ = 0;
  std::int64_t crops_ = 0;  // of the current step
};

bool Painter::guided(int index) const {
  const double share = (times_[static_cast<std::size_t>(index)] + 1.0) / schedule_.steps();
  return options_.guidance != 0 && share >= options_.interval[0] && share <= options_.interval[1];
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

std::int64_t Painter::disown_glass(CropWork& work) const {
  std::int64_t owned = 0;
  for (std::size_t i = 0; i < work.labels.size(); ++i) {
    if (evaluator_.is_glass(work.labels[i])) work.crop.owned[i] = 0;
    owned += work.crop.owned[i];
  }
  return owned;
}

void Painter::count_cells() {
  const std::int64_t p = bundle_.patch;
  std::vector<LabelId> ids(static_cast<std::size_t>(p * p));
  for (std::int64_t y = 0; y < canvas_.height; y += p) {
    for (std::int64_t x = 0; x < canvas_.width; x += p) {
      const LatentRect rect = intersect({x, y, x + p, y + p}, LatentRect::of(canvas_));
      scene_.labels.read(rect, ids.data());
      const auto tissue = std::count_if(ids.begin(), ids.begin() + rect.area(),
                                        [&](LabelId id) { return !evaluator_.is_glass(id); });
      tissue_ += tissue;
      minimum_ += tissue > 0;
    }
  }
}

template <class NextCrop, class Predicted, class Collected>
void Painter::evaluate(const Step& step, NextCrop&& next_crop, Predicted&& predicted,
                       Collected&& collected) {
  const auto group_size = static_cast<std::size_t>(evaluator_.group_size(step.guided));
  const auto gather = [&](tbb::flow_control& flow) -> Group {
    auto group = std::make_shared<std::vector<CropWork>>();
    CropWork work;
    while (group->size() < group_size && !progress_.stop_requested() && next_crop(work.crop)) {
      evaluator_.read_labels(work);
      // Crops that write glass only cost nothing.
      if (disown_glass(work) > 0) group->push_back(std::move(work));
      work = {};
    }
    if (group->empty()) flow.stop();
    return group;
  };
  const auto predict = [&](Group group) {
    const InferenceThread inference;
    for (CropWork& work : *group) evaluator_.read_state(work, step.source, step.solver);
    evaluator_.predict(*group, step.time, step.guided, counters_);
    for (CropWork& work : *group) {
      solver_.predict_x0(work, step);
      predicted(work);
    }
    return group;
  };
  const auto collect = [&](const Group& group) {
    crops_ += static_cast<std::int64_t>(group->size());
    for (CropWork& work : *group) painted_ += collected(work);
    progress_.update(painted_, fmt::format("step {}/{}", step.index + 1, options_.steps));
  };
  tbb::task_arena arena(options_.threads);
  arena.execute([&] {
    tbb::parallel_pipeline(
        static_cast<std::size_t>(options_.threads) * 2,
        tbb::make_filter<void, Group>(tbb::filter_mode::serial_in_order, gather) &
            tbb::make_filter<Group, Group>(tbb::filter_mode::parallel, predict) &
            tbb::make_filter<Group, void>(tbb::filter_mode::serial_in_order, collect));
  });
  if (progress_.stop_requested())
    throw Interrupted(
        fmt::format("stopped while painting, in step {} of {}", step.index + 1, options_.steps));
}

void Painter::plain_step(const Step& step) {
  const auto plan =
      options_.crops ? options_.crops(step.index)
                     : make_plan(options_.plan, canvas_, bundle_.patch, options_.seed, step.index);
  evaluate(
      step, [&](Crop& crop) { return plan->next(crop); },
      [&](CropWork& work) { solver_.write_owned(work, step); },
      [&](const CropWork& work) {
        return std::count(work.crop.owned.begin(), work.crop.owned.end(), 1);
      });
}

void Painter::tapered_step(const Step& step) {
  TaperedStrip strip(bundle_, scene_.labels, scene_.glass, solver_, step);
  evaluate(
      step, [&](Crop& crop) { return strip.next(crop); }, [](CropWork&) {},
      [&](const CropWork& work) { return strip.add(work); });
  painted_ += strip.finish();
}

int Painter::run(DiffusionReport& report) {
  count_cells();
  painted_ = tissue_ * options_.first_step;
  progress_.start_stage("painting latents", tissue_ * options_.steps, "cells");
  for (int i = options_.first_step; i < options_.steps; ++i) {
    const Step step = step_at(i);
    crops_ = 0;
    step.tapered ? tapered_step(step) : plain_step(step);
    if (step.x0_target != nullptr) step.x0_target->commit();
    step.target->commit();
    options_.committed(i + 1);
    report.steps.push_back({crops_, minimum_, step.tapered});
    progress_.update(painted_, fmt::format("step {}/{}", i + 1, options_.steps));
  }
  progress_.finish();
  report.evaluations = counters_.evaluations;
  report.padded_evaluations = counters_.padded;
  report.batches = counters_.batches;
  report.denoiser_seconds = counters_.clock.seconds();
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
  report.gflop_per_evaluation = denoiser.gflop_per_evaluation(bundle.patch);
  return Painter(bundle, denoiser, scene, options, state, progress).run(report);
}

}  // namespace histoloom
