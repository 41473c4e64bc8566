#include "latent_sampler.h"

#include <gtest/gtest.h>

#include <array>

namespace histoloom {
namespace {

constexpr int kPatch = 4;

// Latents whose two channels tell image and cell, so that a patch tells where it is from.
CachedLatents image_of(std::int64_t number, const at::Tensor& labels) {
  const at::Tensor cells = at::arange(labels.numel(), at::kHalf).view(labels.sizes());
  return {at::stack({at::full_like(cells, static_cast<double>(number)), cells}), labels};
}

// Image 0: 12 × 16 cells of 1 with four of 2; image 1: 10 × 8 unknown.
std::vector<CachedLatents> two_images(std::int64_t unknown = 0) {
  at::Tensor labels = at::full({12, 16}, 1, at::kLong);
  labels.narrow(0, 5, 2).narrow(1, 10, 2).fill_(2);
  return {image_of(0, labels), image_of(1, at::full({10, 8}, unknown, at::kLong))};
}

class Sampler : public testing::Test {
 protected:
  Sampler() { at::manual_seed(11); }
};

TEST_F(Sampler, PatchesAreCutFromImagesWithTheirLabels) {
  const LatentSampler sampler(two_images(), kPatch, 0);
  const LatentBatch batch = sampler.draw(64, 0);
  ASSERT_EQ(batch.latents.sizes(), (std::vector<std::int64_t>{64, 2, kPatch, kPatch}));
  EXPECT_EQ(batch.latents.scalar_type(), at::kFloat);
  const at::Tensor labels = two_images()[0].labels;
  for (std::int64_t i = 0; i < 64; ++i) {
    EXPECT_TRUE((batch.latents[i][0] == 0).all().item<bool>()) << "image 1 has no label";
    const auto first = batch.latents[i][1][0][0].item<std::int64_t>();
    const std::int64_t y = first / 16, x = first % 16;
    const at::Tensor cells = at::arange(192, at::kFloat).view({12, 16});
    EXPECT_TRUE(at::equal(batch.latents[i][1], cells.narrow(0, y, kPatch).narrow(1, x, kPatch)));
    EXPECT_TRUE(at::equal(batch.labels[i], labels.narrow(0, y, kPatch).narrow(1, x, kPatch)));
  }
}

TEST_F(Sampler, LabelsAreDrawnByTheSquareRootOfTheirCells) {
  const LatentSampler sampler(
      {image_of(0, at::full({12, 12}, 1, at::kLong)), image_of(1, at::full({4, 4}, 2, at::kLong))},
      kPatch, 0);
  const LatentBatch batch = sampler.draw(2000, 0);
  const double second = (batch.labels == 2).flatten(1).all(1).to(at::kDouble).mean().item<double>();
  EXPECT_NEAR(second, 4.0 / (4 + 12), 0.03);
}

TEST_F(Sampler, UnconditionalPatchesComeFromAllImagesAndHaveNoLabels) {
  const LatentSampler sampler(two_images(), kPatch, 0);
  const LatentBatch batch = sampler.draw(400, 1);
  EXPECT_TRUE((batch.labels == 0).all().item<bool>());
  // By area: 80 of 272 cells.
  const double second = batch.latents.select(1, 0).select(1, 0).select(1, 0).mean().item<double>();
  EXPECT_NEAR(second, 80.0 / 272, 0.08);
}

TEST_F(Sampler, SoManyAreUnconditional) {
  const LatentSampler sampler(two_images(), kPatch, 0);
  const LatentBatch batch = sampler.draw(600, 0.25);
  const auto without = (batch.labels == 0).flatten(1).all(1).sum().item<std::int64_t>();
  EXPECT_NEAR(static_cast<double>(without) / 600, 0.25, 0.06);
}

TEST_F(Sampler, UnknownIsZeroWhateverItsId) {
  std::vector<CachedLatents> images = two_images(7);
  images[0].labels[0][0] = 7;
  const LatentSampler sampler(std::move(images), kPatch, 7);
  const LatentBatch batch = sampler.draw(200, 0);
  EXPECT_FALSE((batch.labels == 7).any().item<bool>());
  EXPECT_TRUE((batch.labels == 0).any().item<bool>());
  EXPECT_TRUE((batch.latents.select(1, 0) == 0).all().item<bool>())
      << "nothing is drawn around what is unknown";
}

TEST_F(Sampler, WithoutAnyLabelPatchesAreStillDrawn) {
  const LatentSampler sampler({two_images()[1]}, kPatch, 0);
  EXPECT_TRUE((sampler.draw(8, 0).labels == 0).all().item<bool>());
}

// ---- Under a coarser stage

// Image 0 of two_images() with a picture of a pixel a cell, whose red is a 255th of the cell's number.
std::vector<CachedLatents> image_with_picture() {
  CachedLatents image = two_images()[0];
  const at::Tensor red = at::arange(192, at::kFloat).view({12, 16}) / 255;
  image.picture = at::stack({red, at::zeros_like(red), at::ones_like(red)}).to(at::kHalf);
  return {image};
}

TEST_F(Sampler, ThePlacesPictureComesWithAPatch) {
  const LatentSampler sampler(image_with_picture(), kPatch, 0,
                              TrainingContext{{{{1, 1}}, 0, /*most_noise=*/0}, 1});
  const LatentBatch batch = sampler.draw(32, 0);
  ASSERT_EQ(batch.context.sizes(), (std::vector<std::int64_t>{32, 5, kPatch, kPatch}));
  const at::Tensor red = 2 * batch.latents.select(1, 1) / 255 - 1;
  EXPECT_TRUE(at::allclose(batch.context.select(1, 0), red, 0, 2e-3));
  EXPECT_TRUE((batch.context.select(1, 1) == -1).all().item<bool>());
  EXPECT_TRUE((batch.context.select(1, 2) == 1).all().item<bool>());
  EXPECT_TRUE((batch.context.select(1, 3) == 0).all().item<bool>()) << "no noise";
  EXPECT_TRUE((batch.context.select(1, 4) == 1).all().item<bool>());
}

// A slide goes on where an image ends: its mirror image is more like tissue than its last row.
TEST_F(Sampler, ViewsShowAMirrorImageBeyondThePicture) {
  const std::vector<CachedLatents> images = image_with_picture();  // 16 × 12, a pixel a cell
  const LatentSampler sampler(images, kPatch, 0,
                              TrainingContext{{{{3, 3}}, 0, /*most_noise=*/0}, 1});
  const at::Tensor red = 2 * images[0].picture[0].to(at::kFloat) - 1;
  const at::Tensor wide = at::cat({red.flip(1), red, red.flip(1)}, 1);
  const at::Tensor all = at::cat({wide.flip(0), wide, wide.flip(0)}, 0);
  const LatentBatch batch = sampler.draw(16, 0);
  for (std::int64_t i = 0; i < 16; ++i) {
    const at::Tensor view =
        at::pixel_shuffle(batch.context[i].narrow(0, 0, 9).unsqueeze(0), 3)[0][0];
    const auto first = batch.latents[i][1][0][0].item<std::int64_t>();  // a cell's number
    const std::int64_t y = first / 16 + 12 - kPatch, x = first % 16 + 16 - kPatch;
    EXPECT_TRUE(at::allclose(view, all.narrow(0, y, 3 * kPatch).narrow(1, x, 3 * kPatch), 0, 2e-3))
        << "patch " << i;
  }
}

TEST_F(Sampler, NoiseOfAContextIsAsStrongAsItsPlaneSays) {
  const LatentSampler sampler(image_with_picture(), kPatch, 0,
                              TrainingContext{{{{1, 1}}, 0, /*most_noise=*/0.5}, 1});
  const LatentBatch batch = sampler.draw(256, 0);
  const at::Tensor told = batch.context.select(1, 3).select(1, 0).select(1, 0);
  EXPECT_GT(told.min().item<double>(), 0);
  EXPECT_LT(told.max().item<double>(), 0.5);
  EXPECT_NEAR(told.mean().item<double>(), 0.25, 0.03);
  const at::Tensor noise = (batch.context.select(1, 2) - 1).flatten(1).std(1);
  EXPECT_NEAR((noise / told).mean().item<double>(), 1, 0.05);
}

TEST_F(Sampler, ContextAndLabelsAreDroppedIndependently) {
  const LatentSampler sampler(image_with_picture(), kPatch, 0,
                              TrainingContext{{{{1, 1}}, 0, 0.5}, 1});
  const LatentBatch batch = sampler.draw(1024, 0.25);
  const at::Tensor context = batch.context.select(1, 4).select(1, 0).select(1, 0) == 0,
                   labels = (batch.labels == 0).flatten(1).all(1);
  const auto share = [](const at::Tensor& t) { return t.to(at::kFloat).mean().item<double>(); };
  EXPECT_NEAR(share(context), 0.25, 0.05);
  EXPECT_NEAR(share(labels), 0.25, 0.05);
  EXPECT_NEAR(share(context & labels), 0.0625, 0.03);
  EXPECT_EQ(batch.context.index({context}).abs().max().item<double>(), 0) << "all planes";
}

}  // namespace
}  // namespace histoloom
