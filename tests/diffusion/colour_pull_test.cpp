// Latents that are pulled to colours.
#include "colour_pull.h"

#include <gtest/gtest.h>

#include <cmath>

#include "test_paint.h"

namespace histoloom {
namespace {

constexpr int kPulledChannels = 5;
constexpr std::size_t kPulledCells = 6;

// Colour i is half of channel i less 0.1, and channel 3 goes with channel 0.
DiffusionModel model_with_colours() {
  DiffusionModel model = paint_model(kPulledChannels);
  for (int i = 0; i < 3; ++i) {
    for (int c = 0; c < kPulledChannels; ++c) model.colours.push_back(c == i ? 0.5f : 0.0f);
    model.colours.push_back(-0.1f);
    for (int c = 0; c < kPulledChannels; ++c)
      model.colours.push_back(c == i ? 2.0f : c == 3 && i == 0 ? -1.0f : 0.0f);
  }
  return model;
}

// What cell `cell` shows of colour `i`.
double shown(const DiffusionModel& model, const std::vector<float>& x0, std::size_t i,
             std::size_t cell) {
  const float* of = model.colours.data() + i * (2 * kPulledChannels + 1);
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
                    from + strength * (double{wanted[i * kPulledCells + cell]} - from), 1e-5);
      }
  }
}

TEST(ColourPull, WhatGoesWithAColourGoesAlongAndTheRestStays) {
  const DiffusionModel model = model_with_colours();
  const std::vector<float> wanted = values(3 * kPulledCells, 0.9),
                           before = values(kPulledChannels * kPulledCells, 0.7);
  std::vector<float> x0 = before;
  ColourPull(model, 1).apply(wanted, x0);
  for (std::size_t cell = 0; cell < kPulledCells; ++cell) {
    const auto change = [&](std::size_t c) {
      return x0[c * kPulledCells + cell] - before[c * kPulledCells + cell];
    };
    EXPECT_NEAR(change(3), -change(0) / 2, 1e-5);
    EXPECT_EQ(change(4), 0.0f);
  }
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
