#include "histoloom/diffusion/random_patch.h"

#include <fmt/format.h>
#include <tbb/parallel_pipeline.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "crop_batch.h"
#include "histoloom/core/error.h"
#include "histoloom/model/inference_thread.h"

namespace histoloom {

namespace {

using Group = std::shared_ptr<std::vector<CropWork>>;

class Painter {
 public:
  Painter(const ModelBundle& bundle, Denoiser& denoiser, const Scene& scene,
          const DiffusionOptions& options, std::array<LatentArray*, 2> generations,
          Progress& progress)
      : bundle_(bundle),
        scene_(scene),
        options_(options),
        generations_(generations),
        progress_(progress),
        evaluator_(bundle, denoiser, scene, options),
        noise_(options.seed),
        schedule_(NoiseSchedule::named(bundle.schedule.type, bundle.schedule.steps)),
        times_(schedule_.times(options.steps)),
        canvas_(scene.labels.size()) {}

  int run(DiffusionReport& report);

 private:
  void plain_step(int step);
  void tapered_step(int step);
  // Feeds crops, in groups that fill a batch, to the denoiser; `done` gets them in their order.
  template <class NextCrop, class Done>
  void evaluate(int step, NextCrop&& next_crop, Done&& done);
  void write_owned(CropWork& work, int step) const;
  void finish_band(int step, LatentRect band, const std::vector<float>& sum, std::int64_t strip_y);
  float x0_of(const DdimStep& ddim, float y, float prediction) const;
  [[noreturn]] void not_finite(LatentPoint corner, int step) const;
  void count_cells();

  DdimStep ddim(int step) const {
    return {schedule_, times_[static_cast<std::size_t>(step)],
            times_[static_cast<std::size_t>(step) + 1], options_.eta};
  }
  bool guided(int step) const {
    const double share = (times_[static_cast<std::size_t>(step)] + 1.0) / schedule_.steps();
    return options_.guidance != 0 && share >= options_.interval[0] && share <= options_.interval[1];
  }
  const LatentArray* source(int step) const {
    return step == 0 ? nullptr : generations_[static_cast<std::size_t>(step % 2)];
  }
  LatentArray& target(int step) const { return *generations_[static_cast<std::size_t>((step + 1) % 2)]; }
  std::size_t tissue_cells(const CropWork& work) const;

  const ModelBundle& bundle_;
  const Scene& scene_;
  const DiffusionOptions& options_;
  std::array<LatentArray*, 2> generations_;
  Progress& progress_;
  CropEvaluator evaluator_;
  CounterNoise noise_;
  NoiseSchedule schedule_;
  std::vector<int> times_;
  LatentSize canvas_;
  DenoiserCounters counters_;
  std::int64_t tissue_ = 0, minimum_ = 0, painted_ = 0;
  std::int64_t crops_ = 0;  // of the current step
};

float Painter::x0_of(const DdimStep& ddim, float y, float prediction) const {
  const float x0 = ddim.x0(bundle_.prediction, y, prediction);
  if (!bundle_.clip) return x0;
  const auto bound = static_cast<float>(*bundle_.clip);
  return std::clamp(x0, -bound, bound);
}

void Painter::not_finite(LatentPoint corner, int step) const {
  throw UserError(fmt::format(
      "painting: the denoiser gave a value that is not finite in the crop at cell {},{} in step {} "
      "of {}, seed {}; try --dtype float32",
      corner.x, corner.y, step + 1, options_.steps, options_.seed));
}

std::size_t Painter::tissue_cells(const CropWork& work) const {
  std::size_t count = 0;
  for (std::size_t i = 0; i < work.labels.size(); ++i)
    count += work.crop.owned[i] && !evaluator_.is_glass(work.labels[i]);
  return count;
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

template <class NextCrop, class Done>
void Painter::evaluate(int step, NextCrop&& next_crop, Done&& done) {
  const bool with_guidance = guided(step);
  const auto group_size = static_cast<std::size_t>(evaluator_.group_size(with_guidance));
  const DdimStep transition = ddim(step);
  const auto gather = [&](tbb::flow_control& flow) -> Group {
    auto group = std::make_shared<std::vector<CropWork>>();
    CropWork work;
    while (group->size() < group_size && !progress_.stop_requested() && next_crop(work)) {
      group->push_back(std::move(work));
      work = {};
    }
    if (group->empty()) flow.stop();
    return group;
  };
  const auto predict = [&](Group group) {
    const InferenceThread inference;
    for (CropWork& work : *group) evaluator_.read(work, source(step), transition);
    // Crops that write glass only cost nothing.
    std::erase_if(*group, [&](const CropWork& work) { return tissue_cells(work) == 0; });
    if (!group->empty())
      evaluator_.predict(*group, times_[static_cast<std::size_t>(step)], with_guidance, counters_);
    return group;
  };
  const auto collect = [&](const Group& group) {
    crops_ += static_cast<std::int64_t>(group->size());
    for (CropWork& work : *group) done(work);
    progress_.update(painted_, fmt::format("step {}/{}", step + 1, options_.steps));
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
    throw Interrupted(fmt::format("stopped while painting, in step {} of {}", step + 1,
                                  options_.steps));
}

void Painter::write_owned(CropWork& work, int step) const {
  const DdimStep transition = ddim(step);
  const std::size_t cells = evaluator_.cells();
  const std::int64_t p = bundle_.patch;
  std::vector<float> noise(static_cast<std::size_t>(bundle_.latent_channels));
  for (std::size_t i = 0; i < cells; ++i) {
    if (!work.crop.owned[i]) continue;
    if (evaluator_.is_glass(work.labels[i])) work.crop.owned[i] = 0;
    if (transition.noise_scale != 0)
      noise_.normals(NoiseDomain::image_step,
                     work.crop.corner.x + static_cast<std::int64_t>(i) % p,
                     work.crop.corner.y + static_cast<std::int64_t>(i) / p,
                     static_cast<std::uint32_t>(step), bundle_.latent_channels, 1, noise.data());
    for (std::size_t c = 0; c < noise.size(); ++c) {
      float& y = work.y[c * cells + i];
      y = transition.advance(y, x0_of(transition, y, work.prediction[c * cells + i]), noise[c]);
      if (!std::isfinite(y)) not_finite(work.crop.corner, step);
    }
  }
  // Write the owned cells run by run: rows of a rectangle mostly, ragged for the random plan.
  std::vector<float> run;
  for (std::int64_t v = 0; v < p; ++v) {
    for (std::int64_t u = 0; u < p;) {
      const auto owned = [&](std::int64_t at) {
        return at < p && work.crop.owned[static_cast<std::size_t>(v * p + at)];
      };
      if (!owned(u)) {
        ++u;
        continue;
      }
      std::int64_t end = u;
      while (owned(end)) ++end;
      run.clear();
      for (int c = 0; c < bundle_.latent_channels; ++c) {
        const auto first = work.y.begin() + c * p * p + v * p;
        run.insert(run.end(), first + u, first + end);
      }
      target(step).write(LatentRect::at({work.crop.corner.x + u, work.crop.corner.y + v},
                                        {end - u, 1}),
                         run.data());
      u = end;
    }
  }
}

void Painter::plain_step(int step) {
  const auto plan = make_plan(options_.plan, canvas_, bundle_.patch, options_.seed, step);
  evaluate(
      step, [&](CropWork& work) { return plan->next(work.crop); },
      [&](CropWork& work) {
        painted_ += static_cast<std::int64_t>(tissue_cells(work));
        write_owned(work, step);
      });
}

void Painter::tapered_step(int step) {
  const int p = bundle_.patch, overlap = std::max(1, p / 4);
  const TaperedAxis xs = make_tapered_axis(canvas_.width, p, overlap);
  const TaperedAxis ys = make_tapered_axis(canvas_.height, p, overlap);
  const DdimStep transition = ddim(step);
  const std::int64_t plane = std::int64_t{p} * canvas_.width;
  // Weighted sums of x0 over the rows of one band of crops; [channels, patch, width].
  std::vector<float> sum(static_cast<std::size_t>(plane * bundle_.latent_channels));

  for (std::size_t j = 0; j < ys.starts.size(); ++j) {
    const std::int64_t top = ys.starts[j];
    std::size_t i = 0;
    const auto next_crop = [&](CropWork& work) {
      if (i == xs.starts.size()) return false;
      work.crop.corner = {xs.starts[i++], top};
      work.crop.owned.assign(evaluator_.cells(), 1);
      return true;
    };
    const auto add = [&](CropWork& work) {
      const auto column = static_cast<std::size_t>(
          std::find(xs.starts.begin(), xs.starts.end(), work.crop.corner.x) - xs.starts.begin());
      for (int c = 0; c < bundle_.latent_channels; ++c) {
        for (int v = 0; v < p; ++v) {
          const std::size_t from = (static_cast<std::size_t>(c) * p + v) * p;
          float* to = sum.data() + c * plane + v * canvas_.width + work.crop.corner.x;
          for (int u = 0; u < p; ++u)
            to[u] += ys.weights[j][static_cast<std::size_t>(v)] *
                     xs.weights[column][static_cast<std::size_t>(u)] *
                     x0_of(transition, work.y[from + u], work.prediction[from + u]);
        }
      }
    };
    evaluate(step, next_crop, add);

    // Rows above the next band are complete: advance them, then move the rest to the top.
    const std::int64_t bottom = j + 1 < ys.starts.size() ? ys.starts[j + 1] : canvas_.height;
    finish_band(step, {0, top, canvas_.width, bottom}, sum, top);
    const std::int64_t shift = (bottom - top) * canvas_.width;
    for (int c = 0; c < bundle_.latent_channels; ++c) {
      const auto first = sum.begin() + c * plane;
      std::fill(std::copy(first + shift, first + plane, first), first + plane, 0.0f);
    }
  }
}

void Painter::finish_band(int step, LatentRect band, const std::vector<float>& sum,
                          std::int64_t strip_y) {
  // In pieces as wide as a patch, so that the store's chunks are visited in turn.
  const std::int64_t p = bundle_.patch, plane = p * canvas_.width;
  const DdimStep transition = ddim(step);
  const auto channels = static_cast<std::size_t>(bundle_.latent_channels);
  for (std::int64_t x0 = 0; x0 < canvas_.width; x0 += p) {
    for (std::int64_t y = band.y0; y < band.y1; ++y) {
      for (std::int64_t x = x0; x < std::min(x0 + p, canvas_.width);) {
        // A run of tissue cells in one row.
        const LatentRect rest{x, y, std::min(x0 + p, canvas_.width), y + 1};
        std::vector<LabelId> ids(static_cast<std::size_t>(rest.width()));
        scene_.labels.read(rest, ids.data());
        const auto is_glass = [&](LabelId id) { return evaluator_.is_glass(id); };
        const auto begin = std::find_if_not(ids.begin(), ids.end(), is_glass);
        const auto end = std::find_if(begin, ids.end(), is_glass);
        const LatentRect run{x + (begin - ids.begin()), y, x + (end - ids.begin()), y + 1};
        x = end == ids.end() ? rest.x1 : run.x1;
        if (run.empty()) continue;
        const auto n = static_cast<std::size_t>(run.width());
        std::vector<float> state(n * channels), noise(channels);
        if (source(step) != nullptr) source(step)->read(run, state.data());
        for (std::size_t u = 0; u < n; ++u) {
          const std::int64_t cx = run.x0 + static_cast<std::int64_t>(u);
          if (source(step) == nullptr)
            noise_.normals(NoiseDomain::image_start, cx, y, 0, bundle_.latent_channels,
                           run.width(), state.data() + u);
          if (transition.noise_scale != 0)
            noise_.normals(NoiseDomain::image_step, cx, y, static_cast<std::uint32_t>(step),
                           bundle_.latent_channels, 1, noise.data());
          for (std::size_t c = 0; c < channels; ++c) {
            float& value = state[c * n + u];
            const auto at = static_cast<std::int64_t>(c) * plane + (y - strip_y) * canvas_.width + cx;
            value = transition.advance(value, sum[static_cast<std::size_t>(at)], noise[c]);
            if (!std::isfinite(value)) not_finite({cx, y}, step);
          }
        }
        target(step).write(run, state.data());
        painted_ += run.width();
      }
    }
  }
}

int Painter::run(DiffusionReport& report) {
  count_cells();
  progress_.start_stage("painting latents", tissue_ * options_.steps, "cells");
  painted_ = tissue_ * options_.first_step;
  for (int step = options_.first_step; step < options_.steps; ++step) {
    crops_ = 0;
    const bool tapered = step >= options_.steps - options_.tapered_steps;
    tapered ? tapered_step(step) : plain_step(step);
    target(step).commit();
    options_.committed(step + 1);
    report.steps.push_back({crops_, minimum_, tapered});
  }
  progress_.finish();
  report.evaluations = counters_.evaluations;
  report.padded_evaluations = counters_.padded;
  report.batches = counters_.batches;
  report.denoiser_seconds = counters_.clock.seconds();
  return options_.steps % 2;
}

}  // namespace

int paint_latents(const ModelBundle& bundle, Denoiser& denoiser, const Scene& scene,
                  const DiffusionOptions& options, std::array<LatentArray*, 2> generations,
                  Progress& progress, DiffusionReport& report) {
  for (const LatentArray* generation : generations)
    check_internal(generation->size() == scene.labels.size() &&
                       generation->channels() == bundle.latent_channels,
                   "generations of another shape than the scene");
  report.gflop_per_evaluation = denoiser.gflop_per_evaluation(bundle.patch);
  return Painter(bundle, denoiser, scene, options, generations, progress).run(report);
}

}  // namespace histoloom
