// How sparse masks are completed.
#include "complete_masks.h"

#include <gtest/gtest.h>

#include <cmath>

#include "cell_features.h"
#include "train/test_train.h"

namespace histoloom {
namespace {

constexpr int kCell = 16;

// An image of dark cells left of `edge` (in cells) and pale ones right of it; a cell's label is
// `annotated(x, y)`.
TrainingImage two_tissues(std::int64_t cells, std::int64_t edge,
                          const std::function<LabelId(std::int64_t, std::int64_t)>& annotated) {
  TrainingImage image;
  image.name = "two";
  image.size = {cells * kCell, cells * kCell};
  image.pixels = pixels_of(image.size, [edge](std::int64_t x, std::int64_t y) {
    const auto grain = static_cast<std::uint8_t>((x * 7 + y * 13) % 11);
    return x < edge * kCell ? Rgb{static_cast<std::uint8_t>(90 + grain), 50, 140}
                            : Rgb{static_cast<std::uint8_t>(215 + grain), 150, 190};
  });
  for (std::int64_t y = 0; y < cells; ++y)
    for (std::int64_t x = 0; x < cells; ++x) image.labels.push_back(annotated(x, y));
  image.labelled = true;
  return image;
}

TEST(MaskCompletion, AClassifierFillsInWhatTheImageShows) {
  // Annotated are two rows of cells, across the edge between the tissues.
  const TrainingImage image = two_tissues(16, 7, [](std::int64_t x, std::int64_t y) {
    return static_cast<LabelId>(y != 3 && y != 12 ? 0 : x < 7 ? 1 : 2);
  });
  const MaskCompletion completion({image}, train_labels(), kCell, 1);
  const CompletedMask mask = completion.complete(image);
  EXPECT_TRUE(mask.known.all().item<bool>());
  for (std::int64_t x = 0; x < 16; ++x) {
    if (std::abs(x - 7) <= 2) continue;  // smoothed
    EXPECT_TRUE((mask.classes.select(1, x) == (x < 7 ? 0 : 1)).all().item<bool>()) << x;
  }
  EXPECT_EQ(completion.accuracy({image}), 1.0);
}

TEST(MaskCompletion, GlassHasNoClass) {
  TrainingImage image = two_tissues(8, 4, [](std::int64_t x, std::int64_t y) {
    return static_cast<LabelId>(y < 2 ? 3 : x < 2 ? 1 : x > 5 ? 2 : 0);
  });
  const MaskCompletion completion({image}, train_labels(), kCell, 1);
  const CompletedMask mask = completion.complete(image);
  EXPECT_TRUE((mask.classes.narrow(0, 0, 2) == -1).all().item<bool>());
  EXPECT_FALSE(mask.known.narrow(0, 0, 2).any().item<bool>());
  EXPECT_TRUE((mask.classes.narrow(0, 2, 6) >= 0).all().item<bool>());
}

TEST(MaskCompletion, WithoutAnImageAnnotationsGrow) {
  TrainingImage mask = two_tissues(12, 0, [](std::int64_t x, std::int64_t y) {
    return static_cast<LabelId>(y == 6 && x < 3 ? 1 : y == 6 && x > 8 ? 2 : 0);
  });
  mask.pixels.clear();
  const MaskCompletion completion({mask}, train_labels(), kCell, 1);
  const CompletedMask whole = completion.complete(mask);
  EXPECT_TRUE((whole.classes.narrow(1, 0, 4) == 0).all().item<bool>());
  EXPECT_TRUE((whole.classes.narrow(1, 8, 4) == 1).all().item<bool>());
  EXPECT_EQ(whole.known.sum().item<std::int64_t>(), 6);
  EXPECT_TRUE(std::isnan(completion.accuracy({mask})));
}

TEST(MaskCompletion, GlassOfAMaskWithoutAnImageStaysGlass) {
  // Two islands, each with one annotated cell, and glass between them.
  TrainingImage mask = two_tissues(12, 0, [](std::int64_t x, std::int64_t y) {
    return static_cast<LabelId>(x == 5 || x == 6 ? 3 : y != 6 ? 0 : x == 0 ? 1 : x == 7 ? 2 : 0);
  });
  mask.pixels.clear();
  const MaskCompletion completion({mask}, train_labels(), kCell, 1);
  const CompletedMask whole = completion.complete(mask);
  EXPECT_TRUE((whole.classes.narrow(1, 5, 2) == -1).all().item<bool>());
  EXPECT_TRUE((whole.classes.narrow(1, 0, 5) == 0).all().item<bool>()) << "nothing grew across";
  EXPECT_TRUE((whole.classes.narrow(1, 7, 5) == 1).all().item<bool>());
  EXPECT_EQ(whole.known.sum().item<std::int64_t>(), 2);
}

TEST(MaskCompletion, GrowthMeetsHalfwayAndNothingStaysNothing) {
  at::Tensor line = at::full({1, 8}, -1, at::kLong);
  EXPECT_TRUE(at::equal(grow_classes(line, 2), line));
  line[0][0] = 1;
  line[0][7] = 0;
  EXPECT_TRUE(at::equal(grow_classes(line, 2),
                        at::tensor({1, 1, 1, 1, 0, 0, 0, 0}, at::kLong).view({1, 8})));
}

TEST(MaskCompletion, GrowthIsNearlyRound) {
  // Two annotated cells: a cell should become the class of the nearer one.
  at::Tensor cells = at::full({31, 31}, -1, at::kLong);
  cells[5][8] = 0;
  cells[25][16] = 1;
  const at::Tensor grown = grow_classes(cells, 2);
  std::int64_t wrong = 0;
  for (int y = 0; y < 31; ++y)
    for (int x = 0; x < 31; ++x) {
      const double d0 = std::hypot(y - 5, x - 8), d1 = std::hypot(y - 25, x - 16);
      if (std::abs(d0 - d1) > 0.5) wrong += grown[y][x].item<std::int64_t>() != (d1 < d0 ? 1 : 0);
    }
  EXPECT_LE(wrong, 3);  // of 961; eight neighbours alone get 37 wrong
}

TEST(MaskCompletion, MasksWithoutAnnotationsAreRefused) {
  const TrainingImage image =
      two_tissues(4, 2, [](std::int64_t, std::int64_t) { return LabelId{0}; });
  EXPECT_EQ(message_of([&] { MaskCompletion({image}, train_labels(), kCell, 1); }),
            "no cell of any mask is annotated; the mask denoiser has nothing to learn");
}

TEST(CellFeatures, AreTheMeansAndDeviationsOfOpticalDensity) {
  // Left half black, right half white, in every cell.
  TrainingImage image;
  image.size = {32, 32};
  image.pixels = pixels_of(image.size, [](std::int64_t x, std::int64_t) {
    const auto v = static_cast<std::uint8_t>(x % 16 < 8 ? 0 : 255);
    return Rgb{v, v, v};
  });
  const at::Tensor f = cell_features(image, 16);
  ASSERT_EQ(f.sizes(), (std::vector<std::int64_t>{kCellFeatures, 2, 2}));
  const double black = std::log(256.0);  // white is 0
  EXPECT_NEAR(f[0][0][0].item<double>(), black / 2, 1e-4);
  EXPECT_NEAR(f[3][0][0].item<double>(), black / 2, 1e-4);
  // One step of `black` in each of 16 rows inside the cell, one at its right border; but not at the
  // image's own.
  EXPECT_NEAR(f[6][0][0].item<double>(), 2 * black / 16, 1e-4);
  EXPECT_NEAR(f[6][0][1].item<double>(), black / 16, 1e-4);
  EXPECT_NEAR(f[7][0][0].item<double>(), black / 2, 1e-4);
  EXPECT_NEAR(f[21].abs().max().item<double>(), 0, 1e-2);
}

}  // namespace
}  // namespace histoloom
