#include "histoloom/decode/window_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "decode/test_decode.h"

namespace histoloom {
namespace {

// A latent is the mean of its pixels and of those within `reach` cells of it in the window.
class PoolingAutoencoder final : public FakeAutoencoder {
 public:
  explicit PoolingAutoencoder(int reach) : FakeAutoencoder(flat_block), reach_(reach) {}
  at::Tensor encode(const at::Tensor& image) override {
    const at::Tensor cells = at::avg_pool2d(image, kFactor);
    return at::avg_pool2d(cells, 2 * reach_ + 1, 1, reach_, false, /*count_include_pad=*/false);
  }

 private:
  int reach_;
};

constexpr LatentSize kCells{37, 21};

std::vector<std::uint8_t> picture() {
  std::vector<std::uint8_t> rgb;
  for (std::int64_t y = 0; y < kCells.height * kFactor; ++y)
    for (std::int64_t x = 0; x < kCells.width * kFactor; ++x)
      for (int c = 0; c < 3; ++c) rgb.push_back(byte_of(x / kFactor, y / kFactor, c));
  return rgb;
}

std::vector<float> encode(int window, int reach, int threads) {
  DecodeJob job(PixelSize{64, 64});  // for its latent space
  PoolingAutoencoder autoencoder(reach);
  std::vector<float> out(static_cast<std::size_t>(3 * kCells.area()), NAN);
  encode_picture(
      job.space, window, autoencoder, picture(),
      PixelSize{kCells.width * kFactor, kCells.height * kFactor}, threads,
      [&](const LatentRect& cells, const float* latents) {
        for (std::int64_t c = 0; c < 3; ++c)
          for (std::int64_t y = cells.y0; y < cells.y1; ++y)
            for (std::int64_t x = cells.x0; x < cells.x1; ++x) {
              float& to = out[static_cast<std::size_t>((c * kCells.height + y) * kCells.width + x)];
              EXPECT_TRUE(std::isnan(to)) << "a cell came twice: " << x << ',' << y;
              to = *latents++;
            }
      },
      job.progress);
  return out;
}

TEST(EncoderWindows, PartInTheMiddleOfWhatBothSee) {
  const auto windows = encoder_windows(60, 32);
  std::vector<std::array<std::int64_t, 4>> got;
  for (const EncoderWindow& w : windows) got.push_back({w.start, w.end, w.first, w.past});
  using Window = std::array<std::int64_t, 4>;
  EXPECT_THAT(got, testing::ElementsAre(Window{0, 32, 0, 24}, Window{16, 48, 24, 38},
                                        Window{28, 60, 38, 60}));
  EXPECT_EQ(encoder_windows(20, 32).size(), 1u);
  EXPECT_EQ(encoder_windows(20, 32)[0].past, 20);
}

TEST(EncodedPicture, HasEveryCellNormalised) {
  const std::vector<float> latents = encode(8, 0, 2);
  const DecodeJob job(PixelSize{64, 64});
  for (std::size_t i = 0; i < latents.size(); ++i) {
    const auto cell = static_cast<std::int64_t>(i) % kCells.area();
    const std::size_t c = i / static_cast<std::size_t>(kCells.area());
    const float value =
        static_cast<float>(byte_of(cell % kCells.width, cell / kCells.width, static_cast<int>(c))) /
        255.0f;
    EXPECT_NEAR(latents[i], (value - job.space.mean[c]) / job.space.deviation[c], 1e-5) << i;
  }
}

TEST(EncodedPicture, HidesItsWindowsFromAnEncoderThatSeesAQuarterOfThem) {
  const std::vector<float> whole = encode(64, 2, 1), windows = encode(8, 2, 1);
  for (std::size_t i = 0; i < whole.size(); ++i) EXPECT_NEAR(whole[i], windows[i], 1e-5) << i;
}

TEST(EncodedPicture, IsTheSameForAnyNumberOfThreads) {
  EXPECT_EQ(encode(8, 1, 1), encode(8, 1, 5));
}

TEST(EncodedPicture, StopsWhenItIsTold) {
  DecodeJob job(PixelSize{64, 64});
  job.progress.stop_at = 0;
  PoolingAutoencoder autoencoder(0);
  EXPECT_THROW(encode_picture(
                   job.space, 8, autoencoder, std::vector<std::uint8_t>(64 * 64 * 3), {64, 64}, 1,
                   [](const LatentRect&, const float*) {}, job.progress),
               Interrupted);
}

}  // namespace
}  // namespace histoloom
