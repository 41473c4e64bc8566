#include "training_images.h"

#include <gtest/gtest.h>

#include "networks/test_model.h"
#include "train/test_train.h"

namespace histoloom {
namespace {

// Pixel (x, y) holds the low bytes of x and y, a cell its own number.
TrainingImage numbered(PixelSize size, int factor) {
  TrainingImage image{
      "n",
      size,
      pixels_of(
          size,
          [](std::int64_t x, std::int64_t y) {
            return Rgb{static_cast<std::uint8_t>(x % 251), static_cast<std::uint8_t>(y % 241), 7};
          }),
      {},
      true};
  const CellSize cells = latent_size_for(size, factor);
  for (std::int64_t i = 0; i < cells.area(); ++i)
    image.labels.push_back(static_cast<LabelId>(i % 199));
  return image;
}

TEST(CutLarge, LeavesSixteenMegapixelsWhole) {
  std::vector<TrainingImage> images;
  images.push_back({"a", {4096, 4096}, {}, {}, false});
  const std::vector<TrainingImage> out = cut_large(std::move(images), 8, 1024);
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].size, (PixelSize{4096, 4096}));
}

TEST(CutLarge, PiecesCoverAnImageOnceAndAreWholeInCells) {
  const PixelSize size{12347, 1401};
  const TrainingImage image = numbered(size, 8);
  const std::vector<TrainingImage> pieces = cut_large({image}, 8, 1024);
  ASSERT_EQ(pieces.size(), 11u);
  std::int64_t x0 = 0;
  for (const TrainingImage& piece : pieces) {
    EXPECT_EQ(piece.name, "n");
    EXPECT_TRUE(piece.labelled);
    EXPECT_EQ(x0 % 8, 0);
    EXPECT_GE(piece.size.width, 1024);
    EXPECT_EQ(piece.size.height, 1401);
    const CellSize cells = latent_size_for(piece.size, 8);
    ASSERT_EQ(piece.labels.size(), static_cast<std::size_t>(cells.area()));
    for (const std::int64_t y : {0, 777, 1400})
      for (const std::int64_t x : {std::int64_t{0}, piece.size.width - 1}) {
        const auto at = static_cast<std::size_t>(3 * (y * piece.size.width + x));
        EXPECT_EQ(piece.pixels[at], (x0 + x) % 251);
        EXPECT_EQ(piece.pixels[at + 1], y % 241);
        const std::int64_t cell = y / 8 * 1544 + (x0 + x) / 8;
        EXPECT_EQ(piece.labels[static_cast<std::size_t>(y / 8 * cells.width + x / 8)], cell % 199);
      }
    x0 += piece.size.width;
  }
  EXPECT_EQ(x0, 12347);
}

TEST(CutLarge, PiecesHoldAPatchHoweverLargeThatIs) {
  for (const TrainingImage& piece : cut_large({numbered({4700, 3700}, 8)}, 8, 2048)) {
    EXPECT_GE(piece.size.width, 2048);
    EXPECT_GE(piece.size.height, 2048);
  }
}

TEST(TrainingImages, LabelsAreInCellsOfTheBundle) {
  const ScratchDirectory scratch;
  const PixelSize size{90, 70};
  write_image(scratch / "a.png", size, 3, blobs(size, 1));
  write_image(scratch / "a_mask.png", size, 1, std::vector<std::uint8_t>(90 * 70, 1));
  ModelBundle bundle = ModelBundle::parse(small_model_json().dump(), scratch.path());
  TrainOptions options;
  options.data.images = scratch.path();
  for (const int factor : {4, 8, 16}) {
    bundle.latent.downsampling = factor;
    const ImagesOfTraining images = read_training_images(options, bundle, bundle, 64);
    const CellSize cells = latent_size_for(size, factor);
    EXPECT_EQ(images.training.at(0).labels.size(), static_cast<std::size_t>(cells.area()));
    EXPECT_TRUE(images.held_out.empty());
  }
}

}  // namespace
}  // namespace histoloom
