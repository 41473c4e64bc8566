// A region by itself has the bits of the whole canvas, and costs what its cone holds.
#include "histoloom/diffusion/paint_region.h"

#include <gtest/gtest.h>

#include <random>

#include "test_paint.h"

namespace histoloom {
namespace {

constexpr LatentSize kRegionCanvas{90, 70};

class Region : public testing::TestWithParam<PlanKind> {
 protected:
  Region() : labels_(tissue_with_glass(kRegionCanvas)), whole_(paint_model(), labels_) {
    options_ = plain_options();
    options_.plan = GetParam();
    options_.solver = SolverKind::dpmpp;
    options_.guidance = 1;
    options_.eta = 0.5;
    expected_ = whole_.paint(denoiser_, options_);
  }

  // Paints a region in arrays of its own and expects the bits of the whole.
  void expect_same(const LatentRect& region, int threads = 2) {
    PaintJob job(paint_model(), labels_);
    const DiffusionReport report = job.paint_region(denoiser_, options_, region, threads);
    const std::vector<float> got = job.region(region), all = part_of(expected_, region);
    EXPECT_TRUE(same_bits(got, all)) << region.x0 << "," << region.y0;
    const RegionCone cone = region_cone(job.model, kRegionCanvas, options_, region);
    ASSERT_EQ(report.steps.size(), cone.crops.size());
    for (std::size_t i = 0; i < cone.crops.size(); ++i)
      EXPECT_LE(report.steps[i].crops, cone.crops[i]) << "but crops of glass alone";
  }
  static std::vector<float> part_of(const std::vector<float>& all, const LatentRect& rect) {
    std::vector<float> out;
    for (std::int64_t c = 0; c < 3; ++c)
      for (std::int64_t y = rect.y0; y < rect.y1; ++y) {
        const auto row = all.begin() + (c * kRegionCanvas.height + y) * kRegionCanvas.width;
        out.insert(out.end(), row + rect.x0, row + rect.x1);
      }
    return out;
  }

  FakeDenoiser denoiser_{3, mix};
  CanvasLabelGrid labels_;
  PaintOptions options_;
  PaintJob whole_;
  std::vector<float> expected_;
};

TEST_P(Region, AnywhereHasTheBitsOfTheWhole) {
  std::mt19937 draw(3);
  const auto below = [&](std::int64_t n) { return static_cast<std::int64_t>(draw() % n); };
  for (int i = 0; i < 50; ++i) {
    const std::int64_t w = 1 + below(20), h = 1 + below(20);
    expect_same(
        LatentRect::at({below(kRegionCanvas.width - w), below(kRegionCanvas.height - h)}, {w, h}),
        1 + i % 2);
  }
}

TEST_P(Region, CornersEdgesAndTheBorderOfGlassAreLikeTheRest) {
  for (const LatentRect& rect :
       {LatentRect{0, 0, 5, 5}, LatentRect{85, 65, 90, 70}, LatentRect{0, 60, 3, 70},
        LatentRect{40, 0, 50, 1}, LatentRect{0, 0, 90, 70}, LatentRect{0, 15, 25, 28},
        LatentRect{10, 18, 14, 22}})  // the last in glass alone
    expect_same(rect);
}

TEST_P(Region, ItsConeGrowsByLessThanTwoPatchesASideAndStep) {
  const DiffusionModel model = paint_model();
  const RegionCone cone = region_cone(model, {400, 400}, options_, {200, 200, 208, 208});
  const std::int64_t p = model.patch;
  for (std::size_t i = 0; i < cone.wanted.size(); ++i) {
    const auto k = static_cast<std::int64_t>(cone.wanted.size() - 1 - i);
    const LatentRect& wanted = cone.wanted[i];
    EXPECT_LE(wanted.width(), 8 + 2 * k * (p - 1));
    if (GetParam() == PlanKind::random) continue;
    const double side = 1 + 2.0 * static_cast<double>(k) + 2;
    const bool tapered = static_cast<int>(i) >= options_.steps - options_.tapered_steps;
    EXPECT_LE(static_cast<double>(cone.crops[i]), side * side * (tapered ? 16.0 / 9 : 1)) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Plans, Region, testing::Values(PlanKind::shifted, PlanKind::random),
                         [](const auto& p) { return std::string(name_of(p.param)); });

}  // namespace
}  // namespace histoloom
