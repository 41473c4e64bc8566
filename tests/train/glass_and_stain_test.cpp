// What is taken for glass in training images, and how stains are matched.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "histoloom/train/image_set.h"
#include "train/test_train.h"

namespace histoloom {
namespace {

TrainingImage image_of(PixelSize size, const std::function<Rgb(std::int64_t, std::int64_t)>& f) {
  TrainingImage image;
  image.size = size;
  image.pixels = pixels_of(size, f);
  return image;
}

TEST(FindGlass, NeedsAPieceOfSixBySixCells) {
  for (const int side : {5, 6, 9}) {
    const auto inside = [&](std::int64_t x, std::int64_t y) {
      return x >= 16 && y >= 8 && x < 16 + 8 * side && y < 8 + 8 * side;
    };
    const TrainingImage image = image_of({109, 93}, [&](std::int64_t x, std::int64_t y) {
      return inside(x, y) ? Rgb{240, 240, 240} : Rgb{180, 100, 150};
    });
    const std::vector<bool> glass = find_glass(image, 8);
    ASSERT_EQ(glass.size(), 14u * 12u);
    for (std::int64_t i = 0; i < 14 * 12; ++i)
      EXPECT_EQ(glass[static_cast<std::size_t>(i)], side >= 6 && inside(i % 14 * 8, i / 14 * 8))
          << side << " at " << i;
  }
}

TEST(FindGlass, IsBrightAndWithoutColour) {
  const auto all_glass = [](Rgb colour) {
    const std::vector<bool> glass =
        find_glass(image_of({64, 64}, [&](std::int64_t, std::int64_t) { return colour; }), 8);
    return std::count(glass.begin(), glass.end(), true) == 64;
  };
  EXPECT_TRUE(all_glass({244, 243, 245}));
  EXPECT_TRUE(all_glass({255, 255, 255}));
  EXPECT_TRUE(all_glass({226, 239, 230}));
  EXPECT_FALSE(all_glass({225, 226, 227})) << "too dark";
  EXPECT_FALSE(all_glass({226, 240, 230})) << "too much colour";
  EXPECT_FALSE(all_glass({245, 226, 245})) << "pale pink";
}

TEST(FindGlass, AnImageSmallerThanAPieceHasNone) {
  const auto white = [](std::int64_t, std::int64_t) { return Rgb{250, 250, 250}; };
  for (const bool glass : find_glass(image_of({40, 200}, white), 8)) EXPECT_FALSE(glass);
}

// ---- Stain

// Mean and deviation of optical density of one channel.
std::pair<double, double> density(const TrainingImage& image, std::size_t channel) {
  double sum = 0, square = 0;
  const auto n = static_cast<double>(image.pixels.size() / 3);
  for (std::size_t i = channel; i < image.pixels.size(); i += 3) {
    const double d = -std::log((image.pixels[i] + 1.0) / 256.0);
    sum += d;
    square += d * d;
  }
  return {sum / n, std::sqrt(square / n - sum / n * sum / n)};
}

TEST(MatchStain, MovesMeanAndDeviationOfUnlabelledImagesOnly) {
  const PixelSize size{96, 80};
  TrainingImage labelled, pale;
  labelled.size = pale.size = size;
  labelled.labelled = true;
  labelled.pixels = blobs(size, 0.4);
  pale.pixels = pixels_of(size, [](std::int64_t x, std::int64_t y) {
    const auto t = static_cast<std::uint8_t>((x * 5 + y * 3) % 60);
    return Rgb{static_cast<std::uint8_t>(170 + t), static_cast<std::uint8_t>(140 + t),
               static_cast<std::uint8_t>(175 + t / 2)};
  });
  std::vector<TrainingImage> images{labelled, pale};
  match_stain(images, images, 8);
  EXPECT_EQ(images[0].pixels, labelled.pixels);
  for (std::size_t c = 0; c < 3; ++c) {
    const auto [mean, deviation] = density(images[1], c);
    const auto [wanted_mean, wanted_deviation] = density(labelled, c);
    EXPECT_NEAR(mean, wanted_mean, 0.02) << c;
    EXPECT_NEAR(deviation / wanted_deviation, 1, 0.05) << c;
  }
}

TEST(MatchStain, LeavesGlassAlone) {
  const PixelSize size{160, 96};
  TrainingImage labelled, other;
  labelled.size = other.size = size;
  labelled.labelled = true;
  labelled.pixels = blobs(size, 0.4);
  other.pixels = pixels_of(size, [](std::int64_t x, std::int64_t y) {
    return x < 80 ? Rgb{244, 243, 245} : Rgb{static_cast<std::uint8_t>(150 + y), 120, 160};
  });
  std::vector<TrainingImage> images{labelled, other};
  match_stain(images, images, 8);
  for (std::size_t i = 0; i < other.pixels.size(); ++i) {
    if (i / 3 % 160 >= 80) continue;
    ASSERT_EQ(images[1].pixels[i], other.pixels[i]);
  }
  EXPECT_NE(images[1].pixels, other.pixels);
}

TEST(MatchStain, WithoutALabelledImageChangesNothing) {
  TrainingImage image;
  image.size = {64, 64};
  image.pixels = blobs(image.size, 2);
  std::vector<TrainingImage> images{image};
  match_stain(images, images, 8);
  EXPECT_EQ(images[0].pixels, image.pixels);
}

}  // namespace
}  // namespace histoloom
