#include "histoloom/diffusion/paint_forecast.h"

#include <algorithm>
#include <cmath>

#include "crop_batch.h"
#include "crop_pipeline.h"
#include "step.h"

namespace histoloom {

namespace {

constexpr std::int64_t kWalkedCells = std::int64_t{1} << 23;  // by the random plan in all steps
constexpr std::int64_t kSmallSide = 1024;  // cells of the canvas on which plans are compared
constexpr double kLongBatchSeconds = 3;    // of a batch that is not repeated to be timed

// Crops of one step, and the evaluations that they take with and without guidance.
struct StepCount {
  double crops = 0, guided = 0, plain = 0;
};

class Forecaster {
 public:
  Forecaster(const DiffusionModel& model, Denoiser& denoiser, const Scene& scene,
             const Sampling& sampling, int threads, const ForecastOptions& forecast)
      : model_(model),
        denoiser_(denoiser),
        scene_(scene),
        sampling_(sampling),
        threads_(threads),
        forecast_(forecast),
        evaluator_(model, denoiser, scene, sampling) {}

  PaintForecast run();

 private:
  StepCount count(PatchPlan& plan, std::int64_t every) const;
  StepCount plain_count(int step, std::int64_t every);
  // How many crops the random plan has for each of the shifted one.
  double random_over_shifted() const;
  double evaluations_of(const CropData& work, bool guided) const;
  void tell_time(PaintForecast& out);
  double seconds_a_batch(CropEvaluator& evaluator, bool guided) const;

  const DiffusionModel& model_;
  Denoiser& denoiser_;
  const Scene& scene_;
  const Sampling& sampling_;
  int threads_;
  const ForecastOptions& forecast_;
  CropEvaluator evaluator_;
  double more_ = 0;  // crops of the random plan for each of the shifted one; 0: not counted yet
};

double Forecaster::evaluations_of(const CropData& work, bool guided) const {
  if (forecast_.labels_to_come && denoiser_.one_evaluation_per_label()) return guided ? 3 : 2;
  return static_cast<double>(evaluator_.evaluations(work, guided));
}

// Looks at every `every`-th crop, drawn so that they don't lie in lines.
StepCount Forecaster::count(PatchPlan& plan, std::int64_t every) const {
  StepCount out;
  CropData work;
  for (std::uint64_t i = 0; plan.next(work.crop); ++i) {
    const std::uint64_t drawn = (i + 1) * 0x9E3779B97F4A7C15u >> 32;
    if (every > 1 && drawn % static_cast<std::uint64_t>(every) != 0) continue;
    evaluator_.read_labels(work);
    if (disown_known(work) == 0) continue;
    out.crops += static_cast<double>(every);
    out.plain += static_cast<double>(every) * evaluations_of(work, false);
    out.guided += static_cast<double>(every) * evaluations_of(work, true);
  }
  return out;
}

double Forecaster::random_over_shifted() const {
  const std::int64_t side = std::max<std::int64_t>(kSmallSide, 8 * model_.patch);
  double crops[2] = {};
  for (const PlanKind kind : {PlanKind::shifted, PlanKind::random}) {
    const auto plan = make_plan(kind, {side, side}, model_.patch, sampling_.seed, 0);
    for (Crop crop; plan->next(crop);) ++crops[kind == PlanKind::random ? 1 : 0];
  }
  return crops[1] / crops[0];
}

StepCount Forecaster::plain_count(int step, std::int64_t every) {
  const LatentSize canvas = scene_.labels.size();
  if (sampling_.crops) return count(*sampling_.crops(step), every);
  const int plain_steps = sampling_.steps - sampling_.tapered_steps;
  const bool too_many =
      sampling_.plan == PlanKind::random && canvas.area() * plain_steps > kWalkedCells;
  const auto plan = make_plan(too_many ? PlanKind::shifted : sampling_.plan, canvas, model_.patch,
                              sampling_.seed, step);
  StepCount out = count(*plan, every);
  if (!too_many) return out;
  if (more_ == 0) more_ = random_over_shifted();
  return {out.crops * more_, out.guided * more_, out.plain * more_};
}

// A call always has the model's whole batch, so that a part of one is a batch of another model.
void Forecaster::tell_time(PaintForecast& out) {
  const bool guided = sampling_.guidance != 0 || sampling_.context_guidance != 0;
  const double gflop = std::max(denoiser_.gflop_per_evaluation(model_.patch), 1e-9);
  DiffusionModel tried = model_;
  tried.batch =
      static_cast<int>(std::min<double>(model_.batch, std::floor(forecast_.gflop_to_run / gflop)));
  out.whole_batches = tried.batch == model_.batch;
  if (tried.batch < (guided ? 2 : 1)) return;
  CropEvaluator evaluator(tried, denoiser_, scene_, sampling_);
  out.seconds = out.batches * seconds_a_batch(evaluator, guided) * model_.batch / tried.batch;
}

double Forecaster::seconds_a_batch(CropEvaluator& evaluator, bool guided) const {
  const auto group = static_cast<std::size_t>(evaluator.group_size(guided));
  const auto timed = [&] {
    DenoiserCounters counters;
    std::int64_t left = static_cast<std::int64_t>(group) * threads_;
    run_crops({.next =
                   [&](CropData& work) {
                     work.crop.owned.assign(evaluator.cells(), 1);
                     work.labels.assign(evaluator.cells(), scene_.unknown);
                     work.y.assign(evaluator.cells() * static_cast<std::size_t>(model_.channels),
                                   0.0f);
                     return left-- > 0;
                   },
               .read = [](CropData&) {},
               .predict = [&](CropGroup& crops) { evaluator.predict(crops, 0, guided, counters); },
               .write = [](CropData&) {},
               .collect = [](const CropData&) {}},
              group, threads_);
    return counters.clock.seconds() / static_cast<double>(counters.batches);
  };
  // The first calls of a network take longer, and have it lay out its memory.
  const double first = timed();
  return first > kLongBatchSeconds ? first : timed();
}

PaintForecast Forecaster::run() {
  const NoiseSchedule& schedule = model_.schedule;
  const std::vector<int> times = times_of(schedule, sampling_);
  const int plain_steps = sampling_.steps - sampling_.tapered_steps;
  const std::int64_t cells = scene_.labels.size().area() * std::max(1, plain_steps);
  const std::int64_t every = divide_up(cells, forecast_.cells_to_count);
  StepCount tapered;
  if (sampling_.tapered_steps > 0) {
    TaperedPlan plan(scene_.labels.size(), model_.patch);
    tapered = count(plan, every);
  }
  PaintForecast out;
  for (int i = 0; i < sampling_.steps; ++i) {
    const StepCount step = i < plain_steps ? plain_count(i, every) : tapered;
    const bool guided = is_guided(sampling_, times[static_cast<std::size_t>(i)], schedule.steps());
    const double evaluations = guided ? step.guided : step.plain;
    out.crops += step.crops;
    out.evaluations += evaluations;
    out.batches += std::max(std::ceil(step.crops / evaluator_.group_size(guided)),
                            std::ceil(evaluations / model_.batch));
  }
  if (out.batches > 0) tell_time(out);
  return out;
}

}  // namespace

void PaintForecast::add(const PaintForecast& other) {
  crops += other.crops;
  evaluations += other.evaluations;
  batches += other.batches;
  seconds += other.seconds;
  whole_batches = whole_batches && other.whole_batches;
}

PaintForecast forecast_painting(const DiffusionModel& model, Denoiser& denoiser, const Scene& scene,
                                const Sampling& sampling, int threads,
                                const ForecastOptions& forecast) {
  return Forecaster(model, denoiser, scene, sampling, threads, forecast).run();
}

}  // namespace histoloom
