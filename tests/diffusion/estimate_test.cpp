// Painting that starts from an estimate under noise.
#include <gtest/gtest.h>

#include "diffusion/test_paint.h"

namespace histoloom {
namespace {

constexpr int kEstimateChannels = 2;

// Grows to the right and from channel to channel.
class Ramp final : public CleanField {
 public:
  static float at(LatentPoint cell, std::int64_t channel) {
    return 0.1f * static_cast<float>(cell.x - 3 * cell.y) + static_cast<float>(channel);
  }
  void read(const LatentRect& rect, float* out) const override {
    for (std::int64_t c = 0; c < kEstimateChannels; ++c)
      for (std::int64_t y = rect.y0; y < rect.y1; ++y)
        for (std::int64_t x = rect.x0; x < rect.x1; ++x) *out++ = at({x, y}, c);
  }
};

// Says what it is shown, over the signal that it holds.
void say_input(const FakeDenoiser::Patch& p, float* out) {
  static const NoiseSchedule schedule = NoiseSchedule::cosine(1000);
  const double alpha = schedule.alpha(static_cast<double>(p.time));
  for (std::size_t i = 0; i < p.size(); ++i)
    out[i] = static_cast<float>(static_cast<double>(p.x[i]) / alpha);
}

PaintOptions late_options(double begin) {
  PaintOptions o = plain_options();
  o.begin = begin;
  return o;
}

TEST(Estimate, TheFirstStepSeesItUnderTheNoiseOfItsTime) {
  const LatentSize size{19, 14};
  const CanvasLabelGrid labels = filled(size, 1);
  PaintJob job(paint_model(kEstimateChannels), labels);
  const Ramp ramp;
  job.estimate = &ramp;
  PaintOptions options = late_options(0.3);
  options.steps = options.tapered_steps = 1;
  FakeDenoiser denoiser(kEstimateChannels, say_input);
  const std::vector<float> values = job.paint(denoiser, options);
  const NoiseSchedule schedule = NoiseSchedule::cosine(1000);
  const double alpha = schedule.alpha(299), sigma = schedule.sigma(299);
  const CounterNoise noise(options.seed);
  for (std::int64_t i = 0; i < size.area(); ++i) {
    const LatentPoint cell{i % size.width, i / size.width};
    float z[kEstimateChannels];
    noise.normals(NoiseDomain::image_start, cell.x, cell.y, 0, kEstimateChannels, 1, z);
    for (std::int64_t c = 0; c < kEstimateChannels; ++c)
      ASSERT_NEAR(
          values[static_cast<std::size_t>(c * size.area() + i)],
          static_cast<double>(Ramp::at(cell, c)) + sigma / alpha * static_cast<double>(z[c]), 1e-4)
          << i;
  }
}

TEST(Estimate, ThreadsRegionsAndKillsDontChangeAValue) {
  const LatentSize size{41, 33};
  const CanvasLabelGrid labels = tissue_with_glass(size);
  const Ramp ramp;
  const auto job_of = [&] {
    auto job = std::make_unique<PaintJob>(paint_model(kEstimateChannels), labels);
    job->estimate = &ramp;
    return job;
  };
  PaintOptions options = late_options(0.6);
  FakeDenoiser denoiser(kEstimateChannels, mix);
  const auto whole = job_of();
  const std::vector<float> values = whole->paint(denoiser, options);
  for (const LatentRect rect : {LatentRect{0, 0, 5, 7}, LatentRect{20, 11, 41, 20}}) {
    const auto region = job_of();
    region->paint_region(denoiser, options, rect, 3);
    const std::vector<float> part = region->region(rect);
    for (std::int64_t c = 0; c < kEstimateChannels; ++c)
      for (std::int64_t i = 0; i < rect.area(); ++i) {
        const std::int64_t x = rect.x0 + i % rect.width(), y = rect.y0 + i / rect.width();
        const float here = part[static_cast<std::size_t>(c * rect.area() + i)],
                    there = values[static_cast<std::size_t>(c * size.area() + y * size.width + x)];
        ASSERT_TRUE(here == there || (std::isnan(here) && std::isnan(there))) << x << "," << y;
      }
  }
  const auto stopped = job_of();
  PaintedPart done;
  options.commit_seconds = 0;
  options.committed = [&](PaintedPart part, const DiffusionReport&) {
    done = part;
    stopped->progress.stop = part.steps == 0 && part.crops > 3;
  };
  EXPECT_NE(message_of<Interrupted>([&] { stopped->paint(denoiser, options); }), "");
  EXPECT_EQ(done.steps, 0) << "in the first step, which reads the estimate";
  stopped->progress.stop = false;
  stopped->reopen();
  options.committed = [](PaintedPart, const DiffusionReport&) {};
  options.done = done;
  const std::vector<float> resumed = stopped->paint(denoiser, options);
  for (std::size_t i = 0; i < values.size(); ++i)
    ASSERT_TRUE(resumed[i] == values[i] || (std::isnan(resumed[i]) && std::isnan(values[i]))) << i;
}

TEST(Estimate, AndALateStartBelongTogether) {
  const CanvasLabelGrid labels = filled({9, 9}, 1);
  PaintJob job(paint_model(kEstimateChannels), labels);
  FakeDenoiser denoiser(kEstimateChannels, mix);
  EXPECT_THROW(job.paint(denoiser, late_options(0.5)), InternalError);
  const Ramp ramp;
  job.estimate = &ramp;
  EXPECT_THROW(job.paint(denoiser, late_options(1)), InternalError);
}

}  // namespace
}  // namespace histoloom
