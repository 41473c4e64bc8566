#include "published_sampler.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "histoloom/networks/noise_schedule.h"

namespace histoloom {

namespace {

// One transition of DDIM (Song et al. 2021, eq. 12).
struct Transition {
  double time, alpha, sigma, next_alpha, next_sigma, noise;

  Transition(const NoiseSchedule& schedule, int from, int to, double eta)
      : time(from),
        alpha(schedule.alpha(from)),
        sigma(schedule.sigma(from)),
        next_alpha(schedule.alpha(to)),
        next_sigma(schedule.sigma(to)),
        noise(eta * next_sigma / sigma *
              std::sqrt(std::max(0.0, 1 - alpha * alpha / (next_alpha * next_alpha)))) {}
};

class PublishedSampler {
 public:
  PublishedSampler(const ModelBundle& bundle, Denoiser& denoiser, const CanvasLabelGrid& labels,
                   const Sampling& options)
      : bundle_(bundle), denoiser_(denoiser), options_(options), p_(bundle.patch) {
    const LatentSize size = labels.size();
    labels_ = at::empty({size.height, size.width}, at::kLong);
    std::copy(labels.cells().begin(), labels.cells().end(), labels_.data_ptr<std::int64_t>());
  }

  PublishedRun run(const at::Tensor& start);

 private:
  void step(const Transition& t, const at::Tensor& before, const at::Tensor& after,
            const at::Tensor& owners);
  at::Tensor predict(const at::Tensor& y, const at::Tensor& map, double time);
  at::Tensor guided(const at::Tensor& y, const at::Tensor& map, double time);
  at::Tensor advance(const Transition& t, const at::Tensor& y, const at::Tensor& prediction) const;
  at::Tensor crop(const at::Tensor& canvas, std::int64_t y, std::int64_t x) const {
    return canvas.narrow(-2, y, p_).narrow(-1, x, p_);
  }

  const ModelBundle& bundle_;
  Denoiser& denoiser_;
  const Sampling& options_;
  std::int64_t p_;
  at::Tensor labels_;
  std::int64_t evaluations_ = 0;
};

at::Tensor PublishedSampler::predict(const at::Tensor& y, const at::Tensor& map, double time) {
  ++evaluations_;
  return denoiser_
      .predict(y.unsqueeze(0).contiguous(), at::full({1}, time, at::kFloat),
               map.unsqueeze(0).contiguous())
      .squeeze(0);
}

at::Tensor PublishedSampler::guided(const at::Tensor& y, const at::Tensor& map, double time) {
  const double w = options_.guidance;
  const at::Tensor none = predict(y, at::zeros_like(map), time);
  at::Tensor out = none.clone();
  for (const std::int64_t label : std::vector<std::int64_t>{1, 2, 3, 4}) {
    const at::Tensor mask = map == label;
    if (!mask.any().item<bool>()) continue;
    const at::Tensor conditional = predict(y, at::where(mask, map, at::zeros_like(map)), time);
    out = at::where(mask, (1 + w) * conditional - w * none, out);
  }
  return out;
}

at::Tensor PublishedSampler::advance(const Transition& t, const at::Tensor& y,
                                     const at::Tensor& prediction) const {
  at::Tensor x0 = prediction;
  if (bundle_.prediction == Prediction::v) x0 = t.alpha * y - t.sigma * prediction;
  if (bundle_.prediction == Prediction::epsilon) x0 = (y - t.sigma * prediction) / t.alpha;
  if (bundle_.clip) x0 = x0.clamp(-*bundle_.clip, *bundle_.clip);
  const at::Tensor epsilon = (y - t.alpha * x0) / t.sigma;
  const double rest = std::sqrt(std::max(0.0, t.next_sigma * t.next_sigma - t.noise * t.noise));
  return t.next_alpha * x0 + rest * epsilon + t.noise * at::randn_like(y);
}

void PublishedSampler::step(const Transition& t, const at::Tensor& before, const at::Tensor& after,
                            const at::Tensor& owners) {
  owners.fill_(-1);
  const std::int64_t h = owners.size(0), w = owners.size(1);
  const at::Tensor order = at::randperm(h * w, at::kLong);
  const auto* cells = order.data_ptr<std::int64_t>();
  const auto* owner = owners.data_ptr<std::int64_t>();
  for (std::int64_t i = 0, crops = 0; i < h * w; ++i) {
    if (owner[cells[i]] >= 0) continue;
    const std::int64_t y = std::clamp<std::int64_t>(cells[i] / w - p_ / 2, 0, h - p_);
    const std::int64_t x = std::clamp<std::int64_t>(cells[i] % w - p_ / 2, 0, w - p_);
    const at::Tensor state = crop(before, y, x);
    const at::Tensor next = advance(t, state, guided(state, crop(labels_, y, x), t.time));
    const at::Tensor free = crop(owners, y, x) < 0;
    crop(after, y, x).copy_(at::where(free, next, crop(after, y, x)));
    crop(owners, y, x).masked_fill_(free, crops++);
  }
}

PublishedRun PublishedSampler::run(const at::Tensor& start) {
  at::NoGradGuard no_grad;
  const auto begin = std::chrono::steady_clock::now();
  const NoiseSchedule schedule = NoiseSchedule::of(bundle_.schedule);
  const std::vector<int> times = schedule.times(options_.steps);
  PublishedRun out;
  out.owners = at::empty_like(labels_);
  at::Tensor before = start, after = at::empty_like(start);
  for (std::size_t i = 0; i + 1 < times.size(); ++i) {
    step(Transition(schedule, times[i], times[i + 1], options_.eta), before, after, out.owners);
    before = after;
    after = at::empty_like(start);
  }
  out.latents = before;
  out.evaluations = evaluations_;
  out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return out;
}

}  // namespace

PublishedRun run_published_sampler(const ModelBundle& bundle, Denoiser& denoiser,
                                   const CanvasLabelGrid& labels, const Sampling& options,
                                   const at::Tensor& start) {
  at::manual_seed(options.seed);
  return PublishedSampler(bundle, denoiser, labels, options).run(start);
}

}  // namespace histoloom
