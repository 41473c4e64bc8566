#include "histoloom/decode/streaming_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "decode/test_decode.h"

namespace histoloom {
namespace {

using testing::Each;

// ---- Windows

TEST(HannWindow, FallAndRiseSumToOneEverywhere) {
  for (const auto& [window, overlap, factor] :
       {std::tuple{8, 2, 8}, {8, 4, 8}, {32, 8, 8}, {5, 1, 3}, {7, 3, 1}, {6, 0, 4}}) {
    const std::vector<float> w = hann_window(window, overlap, factor);
    ASSERT_EQ(w.size(), static_cast<std::size_t>(window * factor));
    const int stride = (window - overlap) * factor;
    for (int x = 0; x < stride; ++x) {
      float sum = 0;
      for (std::size_t i = static_cast<std::size_t>(x); i < w.size();
           i += static_cast<std::size_t>(stride))
        sum += w[i];
      EXPECT_FLOAT_EQ(sum, 1.0f) << window << "/" << overlap << " at " << x;
    }
    for (std::size_t i = 0; i < w.size(); ++i) EXPECT_NEAR(w[i], w[w.size() - 1 - i], 1e-6f);
    for (std::size_t i = 0; i + 1 < w.size() / 2; ++i) EXPECT_LE(w[i], w[i + 1]);
  }
}

TEST(HannWindow, WithoutOverlapAllWeightsAreOne) { EXPECT_THAT(hann_window(4, 0, 8), Each(1.0f)); }

// ---- Every pixel, for awkward sizes

struct Case {
  PixelSize size;
  int window, overlap, batch, threads;
};

class DecodedSlide : public testing::TestWithParam<Case> {};

TEST_P(DecodedSlide, ShowsEveryCellWhereItBelongs) {
  const Case& c = GetParam();
  DecodeJob job(c.size);
  job.options = {c.window, c.overlap, c.batch, c.threads};
  FakeAutoencoder autoencoder(flat_block);
  const std::vector<std::uint8_t> got = job.decode(autoencoder);
  ASSERT_EQ(got.size(), static_cast<std::size_t>(3 * c.size.area()));
  for (std::size_t i = 0; i < got.size(); ++i) {
    const auto pixel = static_cast<std::int64_t>(i / 3);
    ASSERT_EQ(got[i],
              byte_of(pixel % c.size.width / 8, pixel / c.size.width / 8, static_cast<int>(i % 3)))
        << i;
  }
  EXPECT_EQ(job.progress.total, c.size.height);
  EXPECT_EQ(job.progress.done, c.size.height);
}

INSTANTIATE_TEST_SUITE_P(Sizes, DecodedSlide,
                         testing::Values(Case{{64, 64}, 8, 0, 4, 1}, Case{{64, 64}, 8, 2, 1, 2},
                                         Case{{100, 100}, 8, 4, 3, 2}, Case{{100, 100}, 5, 1, 2, 3},
                                         Case{{333, 2049}, 32, 8, 4, 2},
                                         Case{{333, 2049}, 8, 0, 4, 2}, Case{{65, 65}, 2, 1, 7, 8},
                                         Case{{500, 64}, 64, 32, 2, 2}));

TEST(DecodedSlideOnALargerCanvas, IsCutToItsSize) {
  DecodeJob job({70, 66}, {32, 32});
  FakeAutoencoder autoencoder(flat_block);
  const std::vector<std::uint8_t> got = job.decode(autoencoder);
  ASSERT_EQ(got.size(), 3u * 70 * 66);
  EXPECT_EQ(got[3 * 69], byte_of(8, 0, 0));
  EXPECT_EQ(got.back(), byte_of(8, 8, 2));
}

TEST(DecodedSlideOnALargerCanvas, StartsAtItsOrigin) {
  DecodeJob job({70, 66}, {32, 32});
  job.options.origin = {5, 3};
  FakeAutoencoder autoencoder(flat_block);
  const std::vector<std::uint8_t> got = job.decode(autoencoder);
  ASSERT_EQ(got.size(), 3u * 70 * 66);
  EXPECT_EQ(got[0], byte_of(5, 3, 0));
  EXPECT_EQ(got[3 * 69], byte_of(5 + 8, 3, 0));
  EXPECT_EQ(got.back(), byte_of(5 + 8, 3 + 8, 2));
}

TEST(DecodedSlideOnALargerCanvas, SeesTheCellsAroundIt) {
  // A window shows its first cell; the first one of a slide starts two cells outside of it.
  DecodeJob job({64, 64}, {32, 32});
  job.options = {8, 2, 3, 2};
  job.options.origin = {5, 3};
  FakeAutoencoder autoencoder(
      [](const FakeAutoencoder::Window& w, int c, int, int) { return w.at(c, 0, 0); });
  EXPECT_EQ(job.decode(autoencoder)[0], byte_of(5 - 2, 3 - 2, 0));
}

// Each window shows one value; expected pixels by summing over all windows in double precision.
TEST(DecodedSlideOverlaps, AreTheWeightedSumOfTheirWindows) {
  const PixelSize size{203, 117};
  for (const auto& [window, overlap] : {std::pair{8, 3}, {6, 3}, {9, 1}}) {
    DecodeJob job(size);
    job.options = {window, overlap, 2, 2};
    // The cell in the middle of the window, which tells windows apart.
    FakeAutoencoder autoencoder([](const FakeAutoencoder::Window& w, int c, int, int) {
      return w.at(c, w.side / 2, w.side / 2);
    });
    const std::vector<std::uint8_t> got = job.decode(autoencoder);
    const std::vector<float> w = hann_window(window, overlap, kFactor);
    const LatentSize canvas = canvas_for(size);
    const std::int64_t stride = window - overlap;
    const auto value = [&](std::int64_t x, std::int64_t y, int c) {
      double sum = 0;
      for (std::int64_t oy = -overlap; oy * kFactor <= y; oy += stride) {
        for (std::int64_t ox = -overlap; ox * kFactor <= x; ox += stride) {
          const std::int64_t v = y - oy * kFactor, u = x - ox * kFactor;
          if (v >= window * kFactor || u >= window * kFactor) continue;
          const std::int64_t mx = std::clamp<std::int64_t>(ox + window / 2, 0, canvas.width - 1);
          const std::int64_t my = std::clamp<std::int64_t>(oy + window / 2, 0, canvas.height - 1);
          sum += static_cast<double>(w[static_cast<std::size_t>(u)]) *
                 static_cast<double>(w[static_cast<std::size_t>(v)]) * byte_of(mx, my, c);
        }
      }
      return sum;
    };
    for (std::int64_t y = 0; y < size.height; ++y)
      for (std::int64_t x = 0; x < size.width; ++x)
        for (int c = 0; c < 3; ++c)
          ASSERT_NEAR(got[static_cast<std::size_t>((y * size.width + x) * 3 + c)], value(x, y, c),
                      0.502)
              << x << "," << y;
  }
}

TEST(DecodedSlideBorders, AreDecodedAmongRepeatedCells) {
  DecodeJob job({64, 64});
  job.options = {8, 4, 1, 1};
  bool seen = false;
  FakeAutoencoder autoencoder([&](const FakeAutoencoder::Window& w, int c, int y, int x) {
    // The first window starts four cells above and left of the slide.
    if (c == 0 && y == 0 && x == 0 && !seen) {
      seen = true;
      for (int i = 0; i < 5; ++i)
        for (int k = 0; k < 5; ++k) EXPECT_EQ(w.at(1, i, k), w.at(1, 4, 4));
      for (int i = 0; i < 8; ++i) EXPECT_EQ(w.at(2, i, 1), w.at(2, i, 4));
    }
    return flat_block(w, c, y, x);
  });
  job.decode(autoencoder);
  EXPECT_TRUE(seen);
}

TEST(DecodedSlideThreads, GiveTheSameBytesAndOnlyTheCallerHandsThemOut) {
  // Depends on the whole window, so that a mix-up of windows shows.
  const auto pixel = [](const FakeAutoencoder::Window& w, int c, int y, int x) {
    return 0.5f * flat_block(w, c, y, x) + 0.5f * w.at(c, y / kFactor, (x + y) / kFactor % w.side);
  };
  std::vector<std::uint8_t> expected;
  for (const int threads : {1, 2, 3, 8}) {
    for (const int batch : {1, 4}) {
      DecodeJob job({333, 401});
      job.options = {8, 3, batch, threads};
      FakeAutoencoder autoencoder(pixel);
      const std::vector<std::uint8_t> got = job.decode(autoencoder);
      if (expected.empty()) expected = got;
      EXPECT_EQ(got, expected) << threads << " threads, batch " << batch;
      EXPECT_EQ(autoencoder.windows, autoencoder.calls * batch);
      // 42 + 3 cells by 51 + 3 cells, a window every 5.
      EXPECT_EQ(job.report.decodes, 9 * 11);
      EXPECT_GT(job.report.autoencoder_seconds, 0);
    }
  }
}

TEST(DecodedSlideFromAnyRow, IsWhatDecodingFromTheTopGives) {
  // Depends on the whole window, so that a band too few shows.
  const auto pixel = [](const FakeAutoencoder::Window& w, int c, int y, int x) {
    return 0.5f * flat_block(w, c, y, x) + 0.5f * w.at(c, y / kFactor, (x + y) / kFactor % w.side);
  };
  for (const auto& [window, overlap] : {std::pair{8, 3}, {8, 4}, {6, 0}, {9, 1}}) {
    DecodeJob job({101, 397});
    job.options = {window, overlap, 3, 2};
    FakeAutoencoder autoencoder(pixel);
    const std::vector<std::uint8_t> whole = job.decode(autoencoder);
    const std::int64_t stride = window - overlap, columns = divide_up(13 + overlap, stride);
    for (std::int64_t row = 0; row <= 397; row += row < 137 ? 1 : 13) {
      job.options.first_row = row;
      job.report = {};
      const std::vector<std::uint8_t> rest = job.decode(autoencoder);
      ASSERT_EQ(rest.size(), static_cast<std::size_t>(3 * 101 * (397 - row)));
      ASSERT_TRUE(std::equal(rest.begin(), rest.end(), whole.end() - std::ssize(rest))) << row;
      // Besides the bands of these rows, at most one above and one that ends outside.
      const std::int64_t bands = divide_up(397 - row, stride * kFactor) + 2;
      EXPECT_LE(job.report.decodes, columns * bands) << row;
    }
    EXPECT_EQ(job.report.decodes, 0) << "the last row is there already";
  }
}

TEST(DecodedSlideReport, IsUpToDateWhenRowsAreHandedOut) {
  DecodeJob job({100, 500});
  job.options = {8, 2, 2, 1};
  job.report.decodes = 1000;
  FakeAutoencoder autoencoder(flat_block);
  std::int64_t band = 0;
  job.decode_into(autoencoder, [&](const PictureView&) {
    // 13 + 2 cells across, a window every 6.
    EXPECT_EQ(job.report.decodes, 1000 + 3 * ++band);
  });
  EXPECT_GT(band, 5);
}

TEST(DecodedSlideRows, ComeFromTheCallingThreadAtMostAStrideAtATime) {
  DecodeJob job({100, 500});
  job.options = {8, 2, 2, 4};
  FakeAutoencoder autoencoder(flat_block);
  const auto caller = std::this_thread::get_id();
  std::int64_t rows = 0;
  job.decode_into(autoencoder, [&](const PictureView& view) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
    EXPECT_GT(view.size.height, 0);
    EXPECT_LE(view.size.height, 6 * kFactor);
    EXPECT_EQ(view.size.width, 100);
    EXPECT_EQ(view.channels, 3);
    EXPECT_GE(view.stride, 300);
    rows += view.size.height;
  });
  EXPECT_EQ(rows, 500);
}

// ---- When it goes wrong

TEST(DecodedSlideErrors, NotFinitePixelsNameTheirWindow) {
  for (const float broken : {std::nanf(""), INFINITY}) {
    DecodeJob job({100, 100});
    job.options = {8, 2, 1, 1};
    job.write({12, 9, 13, 10}, 1e5f);
    FakeAutoencoder autoencoder([&](const FakeAutoencoder::Window& w, int c, int y, int x) {
      const float value = flat_block(w, c, y, x);
      return value > 1000 ? broken : value;
    });
    // Windows start at -2, 4, 10: the first that holds cell 12,9 is the one at 10,4.
    EXPECT_EQ(message_of([&] { job.decode(autoencoder); }),
              "decoding: pixels that are not finite in the windows from cell 10,4; try --dtype "
              "float32");
  }
}

TEST(DecodedSlideErrors, OfTheSinkComeThrough) {
  DecodeJob job({100, 100});
  FakeAutoencoder autoencoder(flat_block);
  EXPECT_EQ(message_of([&] {
              job.decode_into(autoencoder, [](const PictureView&) {
                throw UserError("out.svs: No space left on device");
              });
            }),
            "out.svs: No space left on device");
}

TEST(DecodedSlideErrors, AUserWhoStopsItInterruptsIt) {
  DecodeJob job({100, 500});
  job.progress.stop_at = 100;
  FakeAutoencoder autoencoder(flat_block);
  EXPECT_EQ(message_of<Interrupted>([&] { job.decode(autoencoder); }), "stopped while decoding");
  EXPECT_LT(job.progress.done, 500);
}

TEST(DecodedSlideErrors, OptionsOutOfRangeAreABug) {
  FakeAutoencoder autoencoder(flat_block);
  for (const DecodeOptions& options :
       {DecodeOptions{8, 5, 1, 1}, {8, -1, 1, 1}, {8, 2, 0, 1}, {8, 2, 1, 0}}) {
    DecodeJob job({64, 64});
    job.options = options;
    EXPECT_THROW(job.decode(autoencoder), InternalError);
  }
}

TEST(DecodedSlideValues, AreClippedToWhatABytHolds) {
  DecodeJob job({64, 64});
  FakeAutoencoder autoencoder([](const FakeAutoencoder::Window&, int c, int, int) {
    return c == 0 ? -0.5f : c == 1 ? 1.5f : 0.6f;
  });
  const std::vector<std::uint8_t> got = job.decode(autoencoder);
  for (std::size_t i = 0; i < got.size(); i += 3) {
    EXPECT_EQ(got[i], 0);
    EXPECT_EQ(got[i + 1], 255);
    EXPECT_EQ(got[i + 2], 153);
  }
}

}  // namespace
}  // namespace histoloom
