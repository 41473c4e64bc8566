// Latents that are pulled to colours.
#include "colour_pull.h"

#include <gtest/gtest.h>

#include <cmath>

#include "test_paint.h"

namespace histoloom {
namespace {

constexpr int kPulledChannels = 5;
constexpr std::size_t kPulledCells = 6;

DiffusionModel model_with_colours() {
  DiffusionModel model = paint_model(kPulledChannels);
  for (int i = 0; i < 3 * (kPulledChannels + 1); ++i)
    model.colours.push_back(static_cast<float>(std::sin(i * i + 1)) / 3);
  return model;
}

// What cell `cell` shows of colour `i`.
double shown(const DiffusionModel& model, const std::vector<float>& x0, std::size_t i,
             std::size_t cell) {
  const float* of = model.colours.data() + i * (kPulledChannels + 1);
  double sum = double{of[kPulledChannels]};
  for (std::size_t c = 0; c < kPulledChannels; ++c)
    sum += double{of[c]} * double{x0[c * kPulledCells + cell]};
  return sum;
}

std::vector<float> values(std::size_t count, double factor) {
  std::vector<float> out;
  for (std::size_t i = 0; i < count; ++i)
    out.push_back(static_cast<float>(std::sin(factor * static_cast<double>(i + 1))));
  return out;
}

TEST(ColourPull, AtFullStrengthLatentsShowTheColours) {
  const DiffusionModel model = model_with_colours();
  const std::vector<float> wanted = values(3 * kPulledCells, 0.9);
  for (const double strength : {0.25, 1.0}) {
    const std::vector<float> before = values(kPulledChannels * kPulledCells, 0.7);
    std::vector<float> x0 = before;
    ColourPull(model, strength).apply(wanted, x0);
    for (std::size_t i = 0; i < 3; ++i)
      for (std::size_t cell = 0; cell < kPulledCells; ++cell) {
        const double from = shown(model, before, i, cell);
        EXPECT_NEAR(shown(model, x0, i, cell),
                    from + strength * (double{wanted[i * kPulledCells + cell]} - from), 1e-3);
      }
  }
}

// What doesn't change a colour stays: the way is the shortest.
TEST(ColourPull, LatentsThatShowTheColoursStay) {
  const DiffusionModel model = model_with_colours();
  const std::vector<float> before = values(kPulledChannels * kPulledCells, 0.7);
  std::vector<float> wanted;
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t cell = 0; cell < kPulledCells; ++cell)
      wanted.push_back(static_cast<float>(shown(model, before, i, cell)));
  std::vector<float> x0 = before;
  ColourPull(model, 1).apply(wanted, x0);
  for (std::size_t i = 0; i < x0.size(); ++i) EXPECT_NEAR(x0[i], before[i], 1e-5);
}

TEST(ColourPull, ColoursThatDependOnEachOtherStayFinite) {
  DiffusionModel model = model_with_colours();
  for (std::size_t i = 0; i < kPulledChannels; ++i)
    model.colours[i] = model.colours[i + kPulledChannels + 1];
  std::vector<float> x0 = values(kPulledChannels * kPulledCells, 0.7);
  ColourPull(model, 1).apply(std::vector<float>(3 * kPulledCells, 0.5f), x0);
  for (const float value : x0) EXPECT_TRUE(std::isfinite(value));
}

TEST(ColourPull, NothingIsPulledWithoutStrengthOrColours) {
  EXPECT_TRUE(ColourPull(model_with_colours(), 0.5).pulls());
  EXPECT_FALSE(ColourPull(model_with_colours(), 0).pulls());
  DiffusionModel model = model_with_colours();
  model.colours.clear();
  EXPECT_FALSE(ColourPull(model, 1).pulls());
}

}  // namespace
}  // namespace histoloom
