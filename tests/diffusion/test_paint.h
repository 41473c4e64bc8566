// Denoisers that know what they should say, and a way to paint with them in memory's reach.
#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <functional>
#include <vector>

#include "histoloom/diffusion/paint_region.h"
#include "support/scratch.h"

namespace histoloom {

inline constexpr LabelId kGlass = 5;

// A denoiser made of a function of one patch: x and out are [channels, side, side].
class FakeDenoiser final : public Denoiser {
 public:
  struct Patch {
    const float* x;
    const std::int64_t* labels;
    float time;
    int channels, side;
    std::size_t cells() const { return static_cast<std::size_t>(side * side); }
    std::size_t size() const { return static_cast<std::size_t>(channels) * cells(); }
  };
  using Function = std::function<void(const Patch& patch, float* out)>;

  FakeDenoiser(int channels, Function function, bool per_label = false)
      : channels_(channels), function_(std::move(function)), per_label_(per_label) {}

  at::Tensor predict(const at::Tensor& x, const at::Tensor& time,
                     const at::Tensor& labels) override {
    ++calls;
    at::Tensor out = at::zeros_like(x);
    const auto side = static_cast<int>(x.size(2));
    for (std::int64_t b = 0; b < x.size(0); ++b) {
      const Patch patch{x.data_ptr<float>() + b * x[0].numel(),
                        labels.data_ptr<std::int64_t>() + b * side * side, time[b].item<float>(),
                        channels_, side};
      function_(patch, out.data_ptr<float>() + b * x[0].numel());
    }
    patches += x.size(0);
    return out;
  }
  int channels() const override { return channels_; }
  int labels() const override { return 255; }
  int alignment() const override { return 1; }
  bool one_evaluation_per_label() const override { return per_label_; }
  double gflop_per_evaluation(int side) const override { return side; }
  NamedTensors parameters() override { return {}; }
  void set_training_dtype(DType) override {}
  void prepare_inference(DType) override {}

  std::atomic<int> calls = 0;
  std::atomic<std::int64_t> patches = 0;

 private:
  int channels_;
  Function function_;
  bool per_label_;
};

// x0 that depends on every cell of the patch, the labels, the place in the patch and the time: any
// mix-up of crops, batches or latent buffers shows.
inline void mix(const FakeDenoiser::Patch& p, float* out) {
  double mean = 0;
  for (std::size_t i = 0; i < p.size(); ++i) mean += static_cast<double>(p.x[i]);
  mean /= static_cast<double>(p.size());
  for (std::size_t i = 0; i < p.size(); ++i)
    out[i] = 0.6f * p.x[i] + 0.7f * static_cast<float>(mean) + 1e-4f * p.time +
             0.3f * static_cast<float>(p.labels[i % p.cells()]) +
             0.01f * static_cast<float>(i % p.cells());
}

// Says the label of each cell, or of the only label of the map.
inline void say_label(const FakeDenoiser::Patch& p, float* out) {
  for (std::size_t i = 0; i < p.size(); ++i) out[i] = static_cast<float>(p.labels[i % p.cells()]);
}

// Stops when told to, keeps what it was told.
class TestProgress final : public Progress {
 public:
  void start_stage(std::string_view, std::int64_t all, std::string_view) override { total = all; }
  void update(std::int64_t n, std::string_view) override { done = n; }
  void finish() override { finished = true; }
  void warn(std::string_view) override {}
  bool stop_requested() const override { return stop; }

  std::atomic<bool> stop = false;
  std::atomic<std::int64_t> total = 0, done = 0;
  std::atomic<bool> finished = false;
};

inline DiffusionModel paint_model(int channels = 3, int patch = 8, int batch = 3) {
  return {.name = "latents",
          .channels = channels,
          .patch = patch,
          .batch = batch,
          .schedule = NoiseSchedule::cosine(1000),
          .prediction = Prediction::x0,
          .clip = {}};
}

inline CanvasLabelGrid filled(LatentSize size, LabelId label) {
  return CanvasLabelGrid(size, label);
}

// Stripes of three labels, unknown among them, and a disc of glass.
inline CanvasLabelGrid tissue_with_glass(LatentSize size) {
  CanvasLabelGrid grid(size, 0);
  for (std::int64_t y = 0; y < size.height; ++y) {
    for (std::int64_t x = 0; x < size.width; ++x) {
      const auto dx = static_cast<double>(x) - 12, dy = static_cast<double>(y) - 20;
      grid.at({x, y}) = std::hypot(dx, dy) < 9 ? kGlass : static_cast<LabelId>((x / 5 + y / 7) % 3);
    }
  }
  return grid;
}

// All that a test may set of a painting.
struct PaintOptions : Sampling, RunControl {};

// A few steps without guidance, the last two of them tapered.
inline PaintOptions plain_options() {
  PaintOptions o;
  o.steps = 6;
  o.guidance = 0;
  o.tapered_steps = 2;
  o.seed = 5;
  o.threads = 2;
  return o;
}

// One job: two latent buffers of y and of x0 on disk, painted by `denoiser`.
class PaintJob {
 public:
  PaintJob(DiffusionModel given, const CanvasLabelField& labels, std::uint64_t cache = 1 << 20)
      : model(std::move(given)), labels_(labels), cache_(cache) {
    for (int i = 0; i < 4; ++i)
      arrays_.push_back(
          LatentArray::create(path(i), model.channels, labels.size(), StoreType::float32, cache_));
  }

  // All values, channel by channel, row by row.
  std::vector<float> paint(Denoiser& denoiser, const PaintOptions& options) {
    const Scene scene{labels_, 0,       kGlass,  std::vector<float>(glass_latent_),
                      kept,    context, estimate};
    const PaintResult result =
        paint_latents(model, denoiser, scene, options, options, state(), progress);
    report = result.report;
    return values_of(*result.latents);
  }
  // Paints a region alone; region() gives it.
  DiffusionReport paint_region(Denoiser& denoiser, const Sampling& sampling, const LatentRect& rect,
                               int threads) {
    const Scene scene{labels_, 0,       kGlass,  std::vector<float>(glass_latent_),
                      kept,    context, estimate};
    const PaintResult result =
        histoloom::paint_region(model, denoiser, scene, sampling, rect, threads, state(), progress);
    latents_ = result.latents;
    return result.report;
  }
  std::vector<float> region(const LatentRect& rect) const {
    std::vector<float> out(static_cast<std::size_t>(model.channels * rect.area()));
    latents_->read(rect, out.data());
    return out;
  }
  std::vector<float> values(int buffer) const {
    return values_of(arrays_[static_cast<std::size_t>(buffer)]);
  }
  static std::vector<float> values_of(const LatentArray& array) {
    std::vector<float> out(static_cast<std::size_t>(array.channels() * array.size().area()));
    array.read(LatentRect::of(array.size()), out.data());
    return out;
  }
  StoreTraffic traffic() const { return cache_.traffic(); }
  // Forgets what was not committed, as a kill does.
  void reopen() {
    arrays_.clear();
    for (int i = 0; i < 4; ++i) arrays_.push_back(LatentArray::open(path(i), cache_));
  }

  DiffusionModel model;
  TestProgress progress;
  DiffusionReport report;
  const LatentArray* kept = nullptr;
  const ContextField* context = nullptr;
  const CleanField* estimate = nullptr;

 private:
  CanvasState state() {
    return {.y = {&arrays_[0], &arrays_[1]}, .x0 = {&arrays_[2], &arrays_[3]}};
  }
  std::filesystem::path path(int i) const { return scratch_ / std::to_string(i); }

  ScratchDirectory scratch_;
  const CanvasLabelField& labels_;
  const std::vector<float> glass_latent_{1.5f, -2.0f, 0.25f, 3.0f};
  ChunkCache cache_;
  std::vector<LatentArray> arrays_;
  const LatentArray* latents_ = nullptr;
};

// Equal bits, NaN included.
inline bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](float x, float y) {
           return std::bit_cast<std::uint32_t>(x) == std::bit_cast<std::uint32_t>(y);
         });
}

}  // namespace histoloom
