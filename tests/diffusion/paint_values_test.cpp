// What is painted, and what the denoiser is shown.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <numeric>
#include <set>

#include "diffusion/test_paint.h"

namespace histoloom {
namespace {

using testing::Each;

// ---- Independent Gaussian cells: the best prediction of x0 is known, so is every value.

constexpr double kMean = 0.8, kDeviation = 0.4;

double posterior_mean(double y, double alpha, double sigma) {
  const double gain =
      kDeviation * kDeviation * alpha / (kDeviation * kDeviation * alpha * alpha + sigma * sigma);
  return kMean + gain * (y - alpha * kMean);
}

FakeDenoiser gaussian_denoiser(int channels, Prediction prediction) {
  return FakeDenoiser(channels, [prediction](const FakeDenoiser::Patch& p, float* out) {
    static const NoiseSchedule schedule = NoiseSchedule::cosine(1000);
    const double a = schedule.alpha(p.time), s = schedule.sigma(p.time);
    for (std::size_t i = 0; i < p.size(); ++i) {
      const auto y = static_cast<double>(p.x[i]);
      const double x0 = posterior_mean(y, a, s), noise = (y - a * x0) / s;
      out[i] = static_cast<float>(prediction == Prediction::x0        ? x0
                                  : prediction == Prediction::epsilon ? noise
                                                                      : a * noise - s * x0);
    }
  });
}

// One cell of one channel by Lu et al. 2022, algorithm 2, in double precision.
double second_order_value(std::int64_t x, std::int64_t y, int channel, const PaintOptions& o) {
  const NoiseSchedule schedule = NoiseSchedule::cosine(1000);
  std::vector<float> z(static_cast<std::size_t>(channel) + 1);
  CounterNoise(o.seed).normals(NoiseDomain::image_start, x, y, 0, channel + 1, 1, z.data());
  const std::vector<int> times = schedule.times(o.steps);
  const auto lambda = [&](int t) { return std::log(schedule.alpha(t) / schedule.sigma(t)); };
  double value = static_cast<double>(z.back()), before = 0;
  for (std::size_t k = 0; k + 1 < times.size(); ++k) {
    const int t = times[k], next = times[k + 1];
    const double x0 = posterior_mean(value, schedule.alpha(t), schedule.sigma(t));
    if (next < 0) return x0;
    const double h = lambda(next) - lambda(t);
    const double slope = k == 0 ? 0 : h / (2 * (lambda(t) - lambda(times[k - 1])));
    value = schedule.sigma(next) / schedule.sigma(t) * value -
            schedule.alpha(next) * (std::exp(-h) - 1) * ((1 + slope) * x0 - slope * before);
    before = x0;
  }
  return value;
}

// One cell of one channel by Song et al. 2021, equation 12, in double precision.
double gaussian_value(std::int64_t x, std::int64_t y, int channel, const PaintOptions& o) {
  const NoiseSchedule schedule = NoiseSchedule::cosine(1000);
  const CounterNoise noise(o.seed);
  std::vector<float> z(static_cast<std::size_t>(channel) + 1);
  noise.normals(NoiseDomain::image_start, x, y, 0, channel + 1, 1, z.data());
  double value = z.back();
  const std::vector<int> times = schedule.times(o.steps);
  for (std::size_t k = 0; k + 1 < times.size(); ++k) {
    const double a = schedule.alpha(times[k]), s = schedule.sigma(times[k]);
    const double a2 = schedule.alpha(times[k + 1]), s2 = schedule.sigma(times[k + 1]);
    const double x0 = posterior_mean(value, a, s), epsilon = (value - a * x0) / s;
    const double n = o.eta * s2 / s * std::sqrt(1 - a * a / (a2 * a2));
    noise.normals(NoiseDomain::image_step, x, y, static_cast<std::uint32_t>(k), channel + 1, 1,
                  z.data());
    value = a2 * x0 + std::sqrt(s2 * s2 - n * n) * epsilon + n * static_cast<double>(z.back());
  }
  return value;
}

class GaussianCells : public testing::TestWithParam<std::tuple<PlanKind, double, Prediction>> {};

TEST_P(GaussianCells, EndWhereTheFormulaSays) {
  const auto& [plan, eta, prediction] = GetParam();
  const LatentSize size{23, 19};
  const CanvasLabelGrid labels = filled(size, 1);
  DiffusionModel model = paint_model(5);
  model.prediction = prediction;
  PaintJob job(model, labels);
  PaintOptions options = plain_options();
  options.plan = plan;
  options.eta = eta;
  options.steps = 12;
  FakeDenoiser denoiser = gaussian_denoiser(5, prediction);
  const std::vector<float> values = job.paint(denoiser, options);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto cell = static_cast<std::int64_t>(i) % size.area();
    const double expected =
        gaussian_value(cell % size.width, cell / size.width, static_cast<int>(i / 437), options);
    // Epsilon is divided by alpha = 5e-5 in the first step.
    ASSERT_NEAR(values[i], expected, prediction == Prediction::epsilon ? 5e-3 : 2e-5) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(All, GaussianCells,
                         testing::Combine(testing::Values(PlanKind::shifted, PlanKind::random),
                                          testing::Values(0.0, 0.5, 1.0),
                                          testing::Values(Prediction::v, Prediction::epsilon,
                                                          Prediction::x0)));

// As many channels as a canvas may have; eta 1 draws noise for all of them in every step.
TEST(GaussianCellsOf64Channels, EndWhereTheFormulaSaysOnAnyNumberOfThreads) {
  const LatentSize size{13, 11};
  const CanvasLabelGrid labels = filled(size, 1);
  PaintOptions options = plain_options();
  options.eta = 1;
  std::vector<float> expected;
  for (int c = 0; c < kMaxChannels; ++c)
    for (std::int64_t y = 0; y < size.height; ++y)
      for (std::int64_t x = 0; x < size.width; ++x)
        expected.push_back(static_cast<float>(gaussian_value(x, y, c, options)));
  std::vector<float> on_one_thread;
  for (const int threads : {1, 3}) {
    PaintJob job(paint_model(kMaxChannels), labels);
    options.threads = threads;
    FakeDenoiser denoiser = gaussian_denoiser(kMaxChannels, Prediction::x0);
    const std::vector<float> values = job.paint(denoiser, options);
    EXPECT_THAT(values, testing::Pointwise(testing::FloatNear(2e-5f), expected));
    if (threads == 1) on_one_thread = values;
    EXPECT_TRUE(same_bits(values, on_one_thread)) << threads;
  }
}

TEST(GaussianCellsOf65Channels, AreABug) {
  const CanvasLabelGrid labels = filled({13, 11}, 1);
  PaintJob job(paint_model(kMaxChannels + 1), labels);
  FakeDenoiser denoiser = gaussian_denoiser(kMaxChannels + 1, Prediction::x0);
  EXPECT_THAT(message_of<InternalError>([&] { job.paint(denoiser, plain_options()); }),
              testing::HasSubstr("a canvas of more channels than can be painted"));
}

TEST(GaussianCellsOfSecondOrder, EndWhereThePaperSays) {
  const LatentSize size{23, 19};
  const CanvasLabelGrid labels = filled(size, 1);
  for (const PlanKind plan : {PlanKind::shifted, PlanKind::random}) {
    PaintJob job(paint_model(5), labels);
    PaintOptions options = plain_options();
    options.plan = plan;
    options.solver = SolverKind::dpmpp;
    options.steps = 12;
    FakeDenoiser denoiser = gaussian_denoiser(5, Prediction::x0);
    const std::vector<float> values = job.paint(denoiser, options);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto cell = static_cast<std::int64_t>(i) % size.area();
      ASSERT_NEAR(values[i],
                  second_order_value(cell % size.width, cell / size.width,
                                     static_cast<int>(i / 437), options),
                  2e-5)
          << i;
    }
  }
}

class GaussianData : public testing::TestWithParam<std::tuple<SolverKind, PlanKind, double>> {};

TEST_P(GaussianData, EndsWithItsMeanAndVariance) {
  const CanvasLabelGrid labels = filled({80, 72}, 1);
  const auto& [solver, plan, eta] = GetParam();
  PaintJob job(paint_model(4, 16, 8), labels);
  PaintOptions options = plain_options();
  options.steps = 60;
  options.solver = solver;
  options.plan = plan;
  options.eta = eta;
  FakeDenoiser denoiser = gaussian_denoiser(4, Prediction::x0);
  const std::vector<float> values = job.paint(denoiser, options);
  double sum = 0, square = 0;
  for (const double v : std::vector<double>(values.begin(), values.end())) {
    sum += v;
    square += v * v;
  }
  const auto n = static_cast<double>(values.size());
  const double deviation = std::sqrt(square / n - sum / n * sum / n);
  EXPECT_NEAR(sum / n, kMean, 0.015);
  EXPECT_NEAR(deviation / kDeviation, 1, 0.08);
}

INSTANTIATE_TEST_SUITE_P(All, GaussianData,
                         testing::Combine(testing::Values(SolverKind::ddim, SolverKind::dpmpp),
                                          testing::Values(PlanKind::shifted, PlanKind::random),
                                          testing::Values(0.0, 1.0)));

TEST(GaussianDetail, KeepsItsPowerInTenStepsThatLieEvenlyInLogSnr) {
  // Data of a deviation of 0.1, as the fine detail of latents is: its power after ten steps.
  constexpr double kPower = 0.01;
  const NoiseSchedule schedule = NoiseSchedule::cosine(1000);
  FakeDenoiser denoiser(4, [&](const FakeDenoiser::Patch& p, float* out) {
    const double a = schedule.alpha(p.time), s = schedule.sigma(p.time);
    const auto gain = static_cast<float>(a * kPower / (a * a * kPower + s * s));
    for (std::size_t i = 0; i < p.size(); ++i) out[i] = gain * p.x[i];
  });
  const CanvasLabelGrid labels = filled({80, 72}, 1);
  const auto power = [&](Spacing spacing) {
    PaintJob job(paint_model(4, 16, 8), labels);
    PaintOptions options = plain_options();
    options.steps = 10;
    options.solver = SolverKind::dpmpp;
    options.spacing = spacing;
    double sum = 0;
    const std::vector<float> values = job.paint(denoiser, options);
    for (const float v : values) sum += static_cast<double>(v) * static_cast<double>(v);
    return sum / static_cast<double>(values.size()) / kPower;
  };
  EXPECT_NEAR(power(Spacing::log_snr), 0.75, 0.05);
  EXPECT_LT(power(Spacing::time), 0.3);
}

// ---- What the denoiser is shown

TEST(Evaluations, ReadNoiseAtTheStartAndGlassUnderItsOwnNoise) {
  CanvasLabelGrid labels(LatentSize{8, 8}, 2);
  labels.at({3, 4}) = kGlass;
  PaintJob job(paint_model(3, 8, 1), labels);
  PaintOptions options = plain_options();
  std::vector<float> times;
  const NoiseSchedule schedule = NoiseSchedule::cosine(1000);
  const CounterNoise noise(options.seed);
  FakeDenoiser denoiser(3, [&](const FakeDenoiser::Patch& p, float* out) {
    mix(p, out);
    times.push_back(p.time);
    std::array<float, 3> z{};
    noise.normals(NoiseDomain::image_known, 3, 4, 0, 3, 1, z.data());
    const float glass[3] = {1.5f, -2.0f, 0.25f};
    const auto alpha = static_cast<float>(schedule.alpha(p.time));
    const auto sigma = static_cast<float>(schedule.sigma(p.time));
    for (std::size_t c = 0; c < 3; ++c)
      EXPECT_NEAR(p.x[c * 64 + 4 * 8 + 3], alpha * glass[c] + sigma * z[c], 1e-6f);
    if (p.time == 999) {
      noise.normals(NoiseDomain::image_start, 6, 1, 0, 3, 1, z.data());
      for (std::size_t c = 0; c < 3; ++c) EXPECT_EQ(p.x[c * 64 + 8 + 6], z[c]);
    }
  });
  job.paint(denoiser, options);
  // One crop a step: the canvas is one patch.
  EXPECT_THAT(times, testing::ElementsAre(999, 832, 665, 499, 332, 165));
}

TEST(Evaluations, OfAWholeMapGiveEachCellItsOwnLabel) {
  const CanvasLabelGrid labels = tissue_with_glass({37, 45});
  PaintJob job(paint_model(), labels);
  FakeDenoiser denoiser(3, say_label);
  const std::vector<float> values = job.paint(denoiser, plain_options());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const LabelId id = labels.cells()[i % labels.cells().size()];
    if (id == kGlass) continue;
    ASSERT_NEAR(values[i], static_cast<float>(id), 1e-6f);  // the taper's weights sum to about 1
  }
}

TEST(Evaluations, OneALabelShowOneLabelAtATimeAndNeverGlass) {
  const CanvasLabelGrid labels = tissue_with_glass({37, 45});
  for (const double guidance : {0.0, 2.0}) {
    PaintJob job(paint_model(3, 8, 4), labels);
    std::mutex mutex;
    std::set<std::int64_t> shown;
    FakeDenoiser denoiser(
        3,
        [&](const FakeDenoiser::Patch& p, float* out) {
          std::set<std::int64_t> ids(p.labels, p.labels + p.cells());
          ids.erase(0);
          EXPECT_LE(ids.size(), 1u);
          std::fill(out, out + p.size(), ids.empty() ? 0.25f : static_cast<float>(*ids.begin()));
          const std::lock_guard lock(mutex);
          shown.insert(ids.begin(), ids.end());
        },
        /*per_label=*/true);
    PaintOptions options = plain_options();
    options.guidance = guidance;
    const std::vector<float> values = job.paint(denoiser, options);
    EXPECT_THAT(shown, testing::ElementsAre(1, 2));
    const auto w = static_cast<float>(guidance);
    for (std::size_t i = 0; i < values.size(); ++i) {
      // (1 + w)·conditional − w·unconditional; unknown has no condition but none.
      const LabelId id = labels.cells()[i % labels.cells().size()];
      if (id == kGlass) continue;
      const float conditional = id == 0 ? 0.25f : static_cast<float>(id);
      ASSERT_NEAR(values[i], (1 + w) * conditional - w * 0.25f, 2e-6f);
    }
  }
}

TEST(Evaluations, AnUnknownIdThatIsNotZeroIsNoCondition) {
  CanvasLabelGrid labels(LatentSize{16, 8}, 2);
  for (std::int64_t x = 0; x < 8; ++x) labels.at({x, 3}) = 0;
  ScratchDirectory scratch;
  ChunkCache cache(1 << 20);
  std::vector<LatentArray> arrays;
  for (const char* name : {"0", "1"})
    arrays.push_back(
        LatentArray::create(scratch / name, 3, labels.size(), StoreType::float32, cache));
  FakeDenoiser denoiser(3, say_label);
  const Scene scene{labels, /*unknown=*/2, std::nullopt, {0, 0, 0}};
  TestProgress progress;
  const PaintOptions options = plain_options();
  const PaintResult result = paint_latents(paint_model(), denoiser, scene, options, options,
                                           {.y = {&arrays[0], &arrays[1]}}, progress);
  EXPECT_THAT(PaintJob::values_of(*result.latents), Each(0.0f));
}

}  // namespace
}  // namespace histoloom
