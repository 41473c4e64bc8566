#include "reconstruction_loss.h"

#include <gtest/gtest.h>

namespace histoloom {
namespace {

at::Tensor grain() {
  at::manual_seed(3);
  return 0.5 + 0.1 * at::randn({2, 3, 96, 80});
}

TEST(ReconstructionLoss, IsNothingForThePictureItself) {
  const at::Tensor image = grain();
  EXPECT_EQ(reconstruction_loss(image, image, dct_patterns()).item<float>(), 0);
}

TEST(ReconstructionLoss, AddsPixelsGradientsAndPower) {
  // A constant off by 0.1 has no gradient, and only the means of blocks have another power.
  const at::Tensor image = at::full({1, 3, 64, 64}, 0.5f), back = image + 0.1;
  const double power = 2 * std::log(0.6 / 0.5) / 64;
  EXPECT_NEAR(reconstruction_loss(back, image, dct_patterns()).item<float>(), 0.1 + 0.01 * power,
              1e-5);
}

TEST(ReconstructionLoss, PowerInTheBorderDoesntMakeUpForBlur) {
  const at::Tensor patterns = dct_patterns(), image = grain();
  const at::Tensor blurred = at::avg_pool2d(image, 3, 1, 1);
  at::Tensor cheat = blurred.clone();
  cheat.narrow(3, 79, 1).add_(at::randn({2, 3, 96, 1}));
  const auto error = [&](const at::Tensor& back) {
    return log_power_error(band_power(without_border(back), patterns),
                           band_power(without_border(image), patterns))
        .mean()
        .item<float>();
  };
  EXPECT_GT(error(blurred), 0.5f);
  EXPECT_EQ(error(cheat), error(blurred));
}

// One pixel in two hundred that is far too bright has half the power that the picture has.
TEST(ReconstructionLoss, FewBrightPixelsDontMakeUpForBlurInAGeometricMean) {
  const at::Tensor patterns = dct_patterns(), image = grain();
  const at::Tensor blurred = at::avg_pool2d(image, 3, 1, 1);
  const at::Tensor spots = (at::rand({2, 1, 96, 80}) < 0.005).to(at::kFloat);
  const auto error = [&](const at::Tensor& back, PowerMean mean) {
    return log_power_error(band_power(back, patterns, mean), band_power(image, patterns, mean))
        .mean()
        .item<float>();
  };
  const at::Tensor cheat = blurred + spots;
  EXPECT_LT(error(cheat, PowerMean::arithmetic), 0.5f * error(blurred, PowerMean::arithmetic));
  EXPECT_GT(error(cheat, PowerMean::geometric), 0.5f * error(blurred, PowerMean::geometric));
  EXPECT_EQ(error(image, PowerMean::geometric), 0);
}

// A dot at one place of every cell, of one sign or of both, has the power of all bands.
TEST(PlaceError, DotsInEveryCellShowWhereBandsDontTellThem) {
  const at::Tensor patterns = dct_patterns(), image = grain();
  const at::Tensor blurred = at::avg_pool2d(image, 3, 1, 1);
  const auto dotted = [&](double by, bool both_signs) {
    at::Tensor out = blurred.clone();
    for (int y = 1; y < 96; y += 8)
      for (int x = 6; x < 80; x += 8)
        out.narrow(2, y, 1).narrow(3, x, 1).add_(both_signs && (x / 8 + y / 8) % 2 ? by : -by);
    return out;
  };
  const auto band_error = [&](const at::Tensor& back) {
    return log_power_error(band_power(back, patterns, PowerMean::geometric),
                           band_power(image, patterns, PowerMean::geometric))
        .mean()
        .item<float>();
  };
  for (const bool both_signs : {false, true}) {
    const at::Tensor dots = dotted(0.6, both_signs);
    EXPECT_LT(band_error(dots), 0.6f * band_error(blurred));
    EXPECT_GT(place_error(dots, image).item<float>(),
              place_error(blurred, image).item<float>() + 0.05f);
  }
}

TEST(PlaceError, IsNothingForThePictureItselfAndLittleForAWeakerOne) {
  const at::Tensor image = grain();
  EXPECT_EQ(place_error(image, image).item<float>(), 0);
  const at::Tensor weaker = 0.5 + 0.5 * (image - 0.5);  // the same places, half as much of all
  const at::Tensor sizes = place_error(weaker, image);
  EXPECT_LT(sizes.item<float>(), 0.1f);
}

TEST(ReconstructionLoss, TheBorderIsSixteenPixels) {
  EXPECT_EQ(without_border(grain()).sizes(), (std::vector<std::int64_t>{2, 3, 64, 48}));
}

TEST(Halved, AveragesFourAndTurnsTheWhole) {
  const at::Tensor t = at::arange(16, at::kFloat).view({1, 1, 4, 4});
  EXPECT_TRUE(at::equal(halved(t, 0), at::tensor({2.5f, 4.5f, 10.5f, 12.5f}).view({1, 1, 2, 2})));
  EXPECT_TRUE(at::equal(halved(t, 1), at::tensor({4.5f, 2.5f, 12.5f, 10.5f}).view({1, 1, 2, 2})));
  EXPECT_TRUE(at::equal(halved(t, 4), at::tensor({2.5f, 10.5f, 4.5f, 12.5f}).view({1, 1, 2, 2})));
}

TEST(BandPower, KeepsTheEnergyOfTheBlocks) {
  const at::Tensor image = grain();
  const at::Tensor power = band_power(image, dct_patterns());  // a mean over blocks, 64 bands
  EXPECT_NEAR(power.sum().item<float>(), image.square().sum().item<float>() / (12 * 10), 1e-2);
}

}  // namespace
}  // namespace histoloom
