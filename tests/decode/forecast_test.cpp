// What decoding will take, told before it is done: what its report says afterwards.
#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>

#include "decode/test_decode.h"
#include "histoloom/decode/decode_forecast.h"

namespace histoloom {
namespace {

// Glass but for a stripe.
class StripeOfTissue final : public GlassField {
 public:
  void weights(const LatentRect& rect, float* out) const override {
    for (std::int64_t y = rect.y0; y < rect.y1; ++y)
      for (std::int64_t x = rect.x0; x < rect.x1; ++x) *out++ = x >= 20 && x < 31 ? 0.0f : 1.0f;
  }
};

TEST(DecodeForecast, IsWhatTheReportSaysAfterwards) {
  const StripeOfTissue stripe;
  const NoGlass none;
  for (const GlassField* glass :
       {static_cast<const GlassField*>(&stripe), static_cast<const GlassField*>(&none)}) {
    DecodeJob job({333, 500});
    job.glass = glass;
    FakeAutoencoder autoencoder(flat_block);
    const DecodeForecast forecast = forecast_decoding(job.space, autoencoder, job.latents().size(),
                                                      *glass, job.size, job.options);
    job.decode(autoencoder);
    EXPECT_GT(job.report.decodes, 0);
    EXPECT_EQ(forecast.windows, static_cast<double>(job.report.decodes));
    EXPECT_GT(forecast.seconds, 0);
  }
}

TEST(DecodeForecast, OfAVeryLargeSlideCountsSomeOfItsWindows) {
  DecodeJob job({64, 64});
  const NoGlass none;
  FakeAutoencoder autoencoder(flat_block);
  const auto windows = [&](std::int64_t to_count) {
    return forecast_decoding(job.space, autoencoder, {1000, 1000}, none, {8000, 8000}, job.options,
                             {.windows = to_count})
        .windows;
  };
  EXPECT_EQ(windows(1 << 16), 167 * 167);
  EXPECT_NE(windows(2000), 167 * 167);
  EXPECT_NEAR(windows(2000), 167 * 167, 0.05 * 167 * 167);
}

// Remembers the largest call.
class WatchedAutoencoder final : public FakeAutoencoder {
 public:
  using FakeAutoencoder::FakeAutoencoder;
  at::Tensor decode(const at::Tensor& latents) override {
    const std::lock_guard lock(mutex_);
    largest_ = std::max(largest_, latents.size(0) * latents.size(2) * latents.size(3));
    return FakeAutoencoder::decode(latents);
  }
  std::int64_t largest() const { return largest_; }

 private:
  std::mutex mutex_;
  std::int64_t largest_ = 0;
};

TEST(DecodeForecast, OfVeryLargeWindowsTriesSmallerOnes) {
  DecodeJob job({64, 64});
  job.options.window = 4096;
  job.options.overlap = 8;
  job.options.batch = 4;
  const NoGlass none;
  WatchedAutoencoder autoencoder(flat_block);
  const DecodeForecast forecast =
      forecast_decoding(job.space, autoencoder, {4096, 4096}, none, {64, 64}, job.options,
                        {.gflop = 1000 * autoencoder.gflop_per_decoded_cell()});
  EXPECT_LE(autoencoder.largest(), 1000);
  EXPECT_GE(autoencoder.largest(), 250) << "as large as may be";
  EXPECT_FALSE(forecast.whole_batches);
  EXPECT_GT(forecast.seconds, 0);
}

}  // namespace
}  // namespace histoloom
