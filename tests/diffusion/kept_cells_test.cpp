// A canvas of which only a part is painted: what is kept stays, and what is painted fits it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "diffusion/test_paint.h"

namespace histoloom {
namespace {

using Way = std::tuple<PlanKind, SolverKind>;

constexpr LatentSize kCanvas{37, 45};
constexpr LatentRect kPainted{10, 12, 25, 30};
constexpr int kChannels = 3;

class KeptCells : public testing::TestWithParam<Way> {
 protected:
  // Keeps all cells but those of `painted`; their latents are waves around `level`.
  void keep(const LatentRect& painted, float level) {
    kept_.reset();
    kept_ = std::make_unique<LatentArray>(LatentArray::create(
        scratch_ / std::to_string(count_++), kChannels, kCanvas, StoreType::float32, cache_));
    values.assign(static_cast<std::size_t>(kChannels * kCanvas.area()), NAN);
    for (std::int64_t c = 0; c < kChannels; ++c)
      for (std::int64_t y = 0; y < kCanvas.height; ++y)
        for (std::int64_t x = 0; x < kCanvas.width; ++x)
          if (!painted.contains(LatentPoint{x, y}))
            values[static_cast<std::size_t>((c * kCanvas.height + y) * kCanvas.width + x)] =
                level + std::sin(static_cast<float>(x * 3 + y * 5 + c));
    kept_->write(LatentRect::of(kCanvas), values.data());
  }

  std::vector<float> paint(int threads = 1, int batch = 3) {
    const CanvasLabelGrid labels = filled(kCanvas, 1);
    PaintJob job(paint_model(kChannels, 8, batch), labels);
    job.kept = kept_.get();
    FakeDenoiser denoiser(kChannels, mix);
    PaintOptions options;
    options.steps = 5;
    options.eta = 0.7;
    options.guidance = 0;
    std::tie(options.plan, options.solver) = GetParam();
    options.seed = 41;
    options.threads = threads;
    const std::vector<float> out = job.paint(denoiser, options);
    report = job.report;
    return out;
  }

  std::vector<float> values;  // NaN where painted
  DiffusionReport report;

 private:
  ScratchDirectory scratch_;
  ChunkCache cache_{1 << 20};
  std::unique_ptr<LatentArray> kept_;
  int count_ = 0;
};

TEST_P(KeptCells, AreInTheResultAsTheyAre) {
  keep(kPainted, 0.5f);
  const std::vector<float> result = paint();
  for (std::size_t i = 0; i < result.size(); ++i) {
    EXPECT_TRUE(std::isfinite(result[i])) << i;
    EXPECT_TRUE(std::isnan(values[i]) || result[i] == values[i]) << i;
  }
}

TEST_P(KeptCells, LeaveTheOthersIndependentOfThreadsAndBatch) {
  keep(kPainted, 0.5f);
  const std::vector<float> expected = paint(1, 3);
  for (const auto& [threads, batch] : {std::pair{2, 3}, {8, 3}, {2, 1}, {1, 8}})
    EXPECT_TRUE(same_bits(paint(threads, batch), expected)) << threads << ' ' << batch;
}

TEST_P(KeptCells, AreFeltByThoseThatArePainted) {
  keep(kPainted, 0.5f);
  const std::vector<float> a = paint();
  keep(kPainted, 2.5f);
  const std::vector<float> b = paint();
  double shift = 0, cells = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!std::isnan(values[i])) continue;
    EXPECT_NE(a[i], b[i]) << i;
    shift += static_cast<double>(b[i] - a[i]);
    ++cells;
  }
  EXPECT_GT(shift / cells, 0.2) << "brighter surroundings, brighter cells";
}

TEST_P(KeptCells, CostNothingWhereACropOwnsNoOthers) {
  keep({0, 0, 0, 0}, 0.5f);
  EXPECT_TRUE(same_bits(paint(), values));
  EXPECT_EQ(report.evaluations, 0);
  keep(kPainted, 0.5f);
  paint();
  const std::int64_t some = report.evaluations;
  keep(LatentRect::of(kCanvas), 0.5f);
  paint();
  EXPECT_GT(some, 0);
  EXPECT_LT(some, report.evaluations / 2);
}

INSTANTIATE_TEST_SUITE_P(Ways, KeptCells,
                         testing::Combine(testing::Values(PlanKind::random, PlanKind::shifted),
                                          testing::Values(SolverKind::ddim, SolverKind::dpmpp)));

}  // namespace
}  // namespace histoloom
