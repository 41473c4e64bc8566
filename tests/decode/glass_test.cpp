// Bare glass: its texture, where it is drawn, and that it costs nothing.
#include "histoloom/decode/glass.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "decode/test_decode.h"

namespace histoloom {
namespace {

using testing::Each;

// ---- The texture

TEST(GlassTexture, RepeatsAfterItsPeriodInBothDirections) {
  for (const int period : {16, 48, 256}) {
    const GlassTexture texture(period);
    EXPECT_EQ(texture.period(), period);
    for (const auto& [x, y] : {std::pair{0, 0}, {3, 7}, {15, 15}}) {
      for (const std::int64_t n : {1, 2, 1000}) {
        EXPECT_EQ(texture.at(x, y), texture.at(x + n * period, y));
        EXPECT_EQ(texture.at(x, y), texture.at(x, y + n * period));
      }
    }
  }
}

TEST(GlassTexture, IsFaintBrightAndTheSameEveryTime) {
  const GlassTexture texture(256), again(256);
  double sum[3] = {};
  std::uint8_t low = 255, high = 0;
  for (std::int64_t y = 0; y < 256; ++y) {
    for (std::int64_t x = 0; x < 256; ++x) {
      for (int c = 0; c < 3; ++c) {
        const std::uint8_t value = texture.at(x, y)[c];
        EXPECT_EQ(value, again.at(x, y)[c]);
        sum[c] += value;
        low = std::min(low, value);
        high = std::max(high, value);
      }
    }
  }
  EXPECT_NEAR(sum[0] / 65536, 244, 0.2);
  EXPECT_NEAR(sum[1] / 65536, 243, 0.2);
  EXPECT_NEAR(sum[2] / 65536, 245, 0.2);
  EXPECT_GE(low, 236);
  EXPECT_LE(high, 252);
  EXPECT_LT(low, high) << "there is some grain";
}

TEST(GlassTexture, HasNoSeamWhereItRepeats) {
  // Grain is correlated over a pixel or two; across the seam as much as elsewhere.
  const GlassTexture texture(64);
  const auto mean_step = [&](std::int64_t x) {
    double sum = 0;
    for (std::int64_t y = 0; y < 64; ++y)
      sum += std::abs(texture.at(x, y)[0] - texture.at(x + 1, y)[0]);
    return sum / 64;
  };
  double elsewhere = 0;
  for (std::int64_t x = 0; x < 63; ++x) elsewhere += mean_step(x) / 63;
  EXPECT_NEAR(mean_step(63), elsewhere, 0.35);
}

// ---- Drawn glass

// 1 left of column 20, fading to 0 at column 24, and 1 below row `bottom`.
class LeftGlass final : public GlassField {
 public:
  explicit LeftGlass(std::int64_t bottom) : bottom_(bottom) {}
  float weight(std::int64_t x, std::int64_t y) const {
    if (y >= bottom_) return 1.0f;
    return std::clamp(static_cast<float>(24 - x) / 4.0f, 0.0f, 1.0f);
  }
  void weights(const LatentRect& rect, float* out) const override {
    for (std::int64_t y = rect.y0; y < rect.y1; ++y)
      for (std::int64_t x = rect.x0; x < rect.x1; ++x) *out++ = weight(x, y);
  }

 private:
  std::int64_t bottom_;
};

constexpr PixelSize kSlide{333, 401};  // 42 × 51 cells

class DrawnGlass : public testing::TestWithParam<int> {
 protected:
  DrawnGlass() {
    job_.glass = &glass_;
    job_.options = {8, 3, 3, GetParam()};
    // Glass is never painted.
    job_.write({0, 0, 20, 51}, std::nanf(""));
    job_.write({0, 40, 42, 51}, std::nanf(""));
  }
  const LeftGlass glass_{40};
  DecodeJob job_{kSlide};
};

TEST_P(DrawnGlass, IsTheTextureBitForBitWhereNothingElseIsSeen) {
  FakeAutoencoder autoencoder(flat_block);
  const std::vector<std::uint8_t> got = job_.decode(autoencoder);
  std::int64_t bare = 0;
  for (std::int64_t y = 0; y < kSlide.height; ++y) {
    for (std::int64_t x = 0; x < kSlide.width; ++x) {
      const std::uint8_t* pixel = got.data() + 3 * (y * kSlide.width + x);
      const bool below = y >= 40 * 8 + 4, left = x < 20 * 8 + 4;
      const bool tissue = x >= 24 * 8 + 4 && y < 39 * 8 + 4;
      for (int c = 0; c < 3; ++c) {
        if (below || left) {
          ASSERT_EQ(pixel[c], job_.texture.at(x, y)[c]) << x << "," << y;
        } else if (tissue) {
          ASSERT_EQ(pixel[c], byte_of(x / 8, y / 8, c)) << x << "," << y;
        }
      }
      bare += below || left;
    }
  }
  EXPECT_GT(bare, 0);
}

TEST_P(DrawnGlass, FadesByWeightsInterpolatedBetweenCells) {
  FakeAutoencoder white([](const FakeAutoencoder::Window&, int, int, int) { return 0.0f; });
  const std::vector<std::uint8_t> got = job_.decode(white);
  const std::int64_t y = 100;
  for (std::int64_t x = 0; x < kSlide.width; ++x) {
    // The pixel's place among the cells' middles.
    const double at = (static_cast<double>(x) + 0.5) / 8 - 0.5;
    const double weight = std::clamp((24 - at) / 4, 0.0, 1.0);
    for (int c = 0; c < 3; ++c)
      EXPECT_NEAR(got[static_cast<std::size_t>(3 * (y * kSlide.width + x) + c)],
                  weight * job_.texture.at(x, y)[c], 0.51)
          << x;
  }
}

TEST_P(DrawnGlass, WindowsOfNothingButGlassAreNotDecoded) {
  FakeAutoencoder autoencoder(flat_block);
  job_.decode(autoencoder);
  // Windows start every 5 cells from -3; one counts where it, or a cell around it, shows tissue.
  std::int64_t expected = 0;
  for (std::int64_t oy = -3; oy < 51; oy += 5) {
    for (std::int64_t ox = -3; ox < 42; ox += 5) {
      bool tissue = false;
      for (std::int64_t y = std::max<std::int64_t>(oy - 1, 0);
           y < std::min<std::int64_t>(oy + 9, 51); ++y)
        for (std::int64_t x = std::max<std::int64_t>(ox - 1, 0);
             x < std::min<std::int64_t>(ox + 9, 42); ++x)
          tissue |= glass_.weight(x, y) != 1.0f;
      expected += tissue;
    }
  }
  EXPECT_EQ(job_.report.decodes, expected);
  EXPECT_LT(expected, 9 * 11);
}

INSTANTIATE_TEST_SUITE_P(Threads, DrawnGlass, testing::Values(1, 2, 3, 8));

class AllGlass final : public GlassField {
 public:
  void weights(const LatentRect& rect, float* out) const override {
    std::fill(out, out + rect.area(), 1.0f);
  }
};

TEST(ASlideOfGlass, IsDrawnWithoutADecodeAndItsTilesAreEqual) {
  const AllGlass all;
  DecodeJob job({128, 96});
  job.glass = &all;
  FakeAutoencoder autoencoder(flat_block);
  const std::vector<std::uint8_t> got = job.decode(autoencoder);
  EXPECT_EQ(autoencoder.calls, 0);
  EXPECT_EQ(job.report.decodes, 0);
  ASSERT_EQ(got.size(), 3u * 128 * 96);
  for (std::size_t y = 0; y < 96; ++y)
    for (std::size_t i = 0; i < 3 * 128; ++i)  // tiles of 32 px
      ASSERT_EQ(got[y * 384 + i], got[y % 32 * 384 + i % 96]);
}

TEST(HalfGlass, IsHalfOfEither) {
  class Half final : public GlassField {
    void weights(const LatentRect& rect, float* out) const override {
      std::fill(out, out + rect.area(), 0.5f);
    }
  } half;
  DecodeJob job({64, 64});
  job.glass = &half;
  FakeAutoencoder autoencoder(flat_block);
  const std::vector<std::uint8_t> got = job.decode(autoencoder);
  for (std::size_t i = 0; i < got.size(); ++i) {
    const auto pixel = static_cast<std::int64_t>(i / 3);
    const int c = static_cast<int>(i % 3);
    const double mean = 0.5 * byte_of(pixel % 64 / 8, pixel / 64 / 8, c) +
                        0.5 * job.texture.at(pixel % 64, pixel / 64)[c];
    EXPECT_NEAR(got[i], mean, 0.51);
  }
}

}  // namespace
}  // namespace histoloom
