#include "histoloom/store/latent_array.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "histoloom/core/noise.h"
#include "store/test_store.h"

namespace histoloom {
namespace {

namespace fs = std::filesystem;
using testing::Each;
using testing::IsNan;

constexpr std::uint64_t kPlenty = std::uint64_t{1} << 30;

std::vector<float> read_all(const LatentArray& array) {
  return read_rect(array, LatentRect::of(array.size()));
}

// ---- One contract for every shape, type and budget.

struct Shape {
  int channels;
  LatentSize size;
  StoreType type;
  std::uint64_t budget;
};

class LatentArrayContract : public testing::TestWithParam<Shape> {
 protected:
  LatentArray make(ChunkCache& cache) {
    const Shape& s = GetParam();
    return LatentArray::create(scratch_ / "y", s.channels, s.size, s.type, cache);
  }
  ScratchDirectory scratch_;
};

TEST_P(LatentArrayContract, KnowsItsShape) {
  ChunkCache cache(GetParam().budget);
  make(cache);
  const LatentArray array = LatentArray::open(scratch_ / "y", cache);
  EXPECT_EQ(array.channels(), GetParam().channels);
  EXPECT_EQ(array.size(), GetParam().size);
  EXPECT_EQ(array.type(), GetParam().type);
}

TEST_P(LatentArrayContract, CellsNeverWrittenAreNaN) {
  ChunkCache cache(GetParam().budget);
  const LatentArray array = make(cache);
  EXPECT_THAT(read_all(array), Each(IsNan()));
}

TEST_P(LatentArrayContract, WhatWasWrittenIsReadBeforeAndAfterACommitAndInAnotherRun) {
  const Shape& s = GetParam();
  const std::vector<float> values = ramp(s.channels * s.size.area());
  {
    ChunkCache cache(s.budget);
    LatentArray array = make(cache);
    array.write(LatentRect::of(s.size), values.data());
    EXPECT_EQ(read_all(array), values);
    array.commit();
    EXPECT_EQ(read_all(array), values);
  }
  ChunkCache cache(s.budget);
  EXPECT_EQ(read_all(LatentArray::open(scratch_ / "y", cache)), values);
}

TEST_P(LatentArrayContract, RandomRectanglesActLikeAnArrayInMemory) {
  const Shape& s = GetParam();
  ChunkCache cache(s.budget);
  LatentArray array = make(cache);
  std::vector<float> mirror(static_cast<std::size_t>(s.channels * s.size.area()),
                            std::numeric_limits<float>::quiet_NaN());
  const CounterNoise noise(20);
  for (std::int64_t i = 0; i < 40; ++i) {
    const LatentRect rect = random_rect(noise, i, s.size);
    if (i % 3 == 2) {
      const std::vector<float> found = read_rect(array, rect);
      const std::vector<float> wanted = cut(mirror, s.channels, s.size, rect);
      for (std::size_t k = 0; k < found.size(); ++k) {
        ASSERT_EQ(std::bit_cast<std::uint32_t>(found[k]), std::bit_cast<std::uint32_t>(wanted[k]))
            << "operation " << i;
      }
    } else {
      const std::vector<float> values = ramp(s.channels * rect.area(), static_cast<int>(i));
      array.write(rect, values.data());
      paste(values, mirror, s.channels, s.size, rect);
    }
    if (i == 20) array.commit();
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, LatentArrayContract,
                         testing::Values(Shape{1, {1, 1}, StoreType::float16, kPlenty},
                                         Shape{4, {33, 100}, StoreType::float16, kPlenty},
                                         Shape{4, {33, 100}, StoreType::float32, 0},
                                         Shape{8, {400, 190}, StoreType::float16, kPlenty},
                                         Shape{8, {400, 190}, StoreType::float16, 0},
                                         Shape{8, {400, 190}, StoreType::float32, 1 << 20},
                                         Shape{3, {1, 1000}, StoreType::float16, 0},
                                         Shape{300, {40, 17}, StoreType::float32, 1 << 19}));

// ---- Numbers.

// Between two neighbouring halves, what lies below the middle goes down, above goes up, and the
// middle goes to the even one: that is rounding to nearest even, without a second implementation.
TEST(LatentArrayFloat16, RoundsEveryIntervalToNearestEven) {
  ScratchDirectory scratch;
  ChunkCache cache(kPlenty);
  constexpr std::int64_t kSteps = 0x7bff;  // finite halves above zero
  std::vector<float> halves;               // 0 to 65504, built from the definition
  for (int h = 0; h <= kSteps; ++h) {
    const int exponent = h >> 10;
    const double fraction = (h & 0x3ff) / 1024.0;
    halves.push_back(static_cast<float>(exponent == 0 ? std::ldexp(fraction, -14)
                                                      : std::ldexp(1 + fraction, exponent - 15)));
  }
  std::vector<float> in;
  std::vector<float> wanted;
  for (std::size_t h = 0; h < kSteps; ++h) {
    const float low = halves[h];
    const float high = halves[h + 1];
    const float middle = low + (high - low) / 2;
    const float even = h % 2 == 0 ? low : high;
    in.insert(in.end(), {low, std::nextafter(middle, low), middle, std::nextafter(middle, high)});
    wanted.insert(wanted.end(), {low, low, even, high});
  }
  for (std::size_t i = 0, n = in.size(); i < n; ++i) {
    in.push_back(-in[i]);
    wanted.push_back(-wanted[i]);
  }
  const LatentSize size{static_cast<std::int64_t>(in.size()) / 2, 2};
  LatentArray array = LatentArray::create(scratch / "y", 1, size, StoreType::float16, cache);
  array.write(LatentRect::of(size), in.data());
  const std::vector<float> found = read_all(array);
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_EQ(std::bit_cast<std::uint32_t>(found[i]), std::bit_cast<std::uint32_t>(wanted[i]))
        << in[i];
  }
}

TEST(LatentArrayFloat16, LargeNumbersBecomeInfiniteAndNaNStays) {
  ScratchDirectory scratch;
  ChunkCache cache(kPlenty);
  LatentArray array = LatentArray::create(scratch / "y", 1, {7, 1}, StoreType::float16, cache);
  constexpr float inf = std::numeric_limits<float>::infinity();
  const std::vector<float> in{65504, 65519.996f, 65520, -1e9f, inf, -inf, std::nanf("7")};
  array.write({0, 0, 7, 1}, in.data());
  const std::vector<float> out = read_all(array);
  EXPECT_THAT(std::vector<float>(out.begin(), out.end() - 1),
              testing::ElementsAre(65504, 65504, inf, -inf, inf, -inf));
  EXPECT_TRUE(std::isnan(out.back()));
}

TEST(LatentArrayFloat32, KeepsEveryBit) {
  ScratchDirectory scratch;
  ChunkCache cache(kPlenty);
  LatentArray array = LatentArray::create(scratch / "y", 1, {4, 1}, StoreType::float32, cache);
  const std::vector<float> in{1e-45f, 3.4e38f, -0.0f, 0.1f};
  array.write({0, 0, 4, 1}, in.data());
  EXPECT_EQ(read_all(array), in);
}

// ---- Sizes and traffic.

TEST(LatentArraySizes, ChunksHoldAboutHalfAMebibyte) {
  // 8 × 176 × 176 × 2 bytes, nine times.
  EXPECT_EQ(latent_array_bytes(8, {512, 512}, StoreType::float16), 9u * 495616u);
  EXPECT_EQ(latent_array_bytes(1, {1, 1}, StoreType::float32), 4u);
  EXPECT_EQ(latent_array_bytes(4, {33, 100}, StoreType::float16), 4u * 100 * 100 * 2);
}

TEST(LatentArraySizes, NoCellsAreOurBug) {
  ScratchDirectory scratch;
  ChunkCache cache(kPlenty);
  EXPECT_THROW(LatentArray::create(scratch / "a", 0, {4, 4}, StoreType::float16, cache),
               InternalError);
  EXPECT_THROW(LatentArray::create(scratch / "a", 4, {0, 4}, StoreType::float16, cache),
               InternalError);
  EXPECT_FALSE(fs::exists(scratch / "a"));
  LatentArray array = LatentArray::create(scratch / "a", 1, {4, 4}, StoreType::float16, cache);
  std::vector<float> values(25);
  EXPECT_THROW(array.read({0, 0, 5, 4}, values.data()), InternalError);
  EXPECT_THROW(array.write({-1, 0, 4, 4}, values.data()), InternalError);
}

TEST(LatentArrayTraffic, APlentifulCacheWritesOnceAndReadsNothing) {
  ScratchDirectory scratch;
  ChunkCache cache(kPlenty);
  LatentArray array = LatentArray::create(scratch / "y", 8, {400, 190}, StoreType::float16, cache);
  const std::vector<float> values = ramp(8 * 400 * 190);
  for (int i = 0; i < 3; ++i) array.write({0, 0, 400, 190}, values.data());
  EXPECT_EQ(cache.traffic().bytes_written, 0u);
  array.commit();
  array.commit();
  read_all(array);
  EXPECT_EQ(cache.traffic().bytes_written, latent_array_bytes(8, {400, 190}, StoreType::float16));
  EXPECT_EQ(cache.traffic().bytes_read, 0u);
}

TEST(LatentArrayTraffic, ATinyCacheKeepsOneChunkAndTheRestOnDisk) {
  ScratchDirectory scratch;
  ChunkCache cache(0);
  LatentArray array = LatentArray::create(scratch / "y", 8, {400, 190}, StoreType::float16, cache);
  const std::vector<float> values = ramp(8 * 400 * 190);
  array.write({0, 0, 400, 190}, values.data());
  // Six chunks, five of them written out to make room for the next.
  EXPECT_EQ(cache.traffic().bytes_written, 5u * 495616u);
  // The last one is at hand.
  std::vector<float> out(8);
  array.read({399, 189, 400, 190}, out.data());
  EXPECT_EQ(cache.traffic().bytes_read, 0u);
  array.read({0, 0, 1, 1}, out.data());
  EXPECT_EQ(cache.traffic().bytes_read, 495616u);
}

TEST(LatentArrayTraffic, AChunkThatIsOverwrittenAltogetherIsNotRead) {
  ScratchDirectory scratch;
  ChunkCache cache(kPlenty);
  const std::vector<float> values = ramp(4 * 33 * 100);
  {
    LatentArray array = LatentArray::create(scratch / "y", 4, {33, 100}, StoreType::float16, cache);
    array.write({0, 0, 33, 100}, values.data());
    array.commit();
  }
  LatentArray array = LatentArray::open(scratch / "y", cache);
  array.write({0, 0, 33, 100}, values.data());
  EXPECT_EQ(cache.traffic().bytes_read, 0u);
}

TEST(LatentArrayTraffic, AnArrayThatGoesFreesItsChunks) {
  ScratchDirectory scratch;
  ChunkCache cache(2 * 495616);
  const std::vector<float> values = ramp(8 * 176 * 176);
  for (int i = 0; i < 5; ++i) {
    LatentArray array =
        LatentArray::create(scratch / std::to_string(i), 8, {176, 176}, StoreType::float16, cache);
    array.write({0, 0, 176, 176}, values.data());
  }
  // Nothing was committed and nothing had to make room.
  EXPECT_EQ(cache.traffic().bytes_written, 0u);
}

// ---- Threads.

TEST(LatentArrayThreads, DisjointWritesAndReadsFromManyThreadsUnderATinyBudget) {
  ScratchDirectory scratch;
  ChunkCache cache(600000);
  LatentArray from = LatentArray::create(scratch / "a", 8, {520, 360}, StoreType::float16, cache);
  LatentArray to = LatentArray::create(scratch / "b", 8, {520, 360}, StoreType::float16, cache);
  const std::vector<float> values = ramp(8 * 520 * 360);
  from.write({0, 0, 520, 360}, values.data());
  from.commit();
  for (int round = 0; round < 3; ++round) {
    // Crops of 40 × 40 cells, many of which share a chunk.
    on_threads(13 * 9, [&](int i) {
      const LatentRect rect = LatentRect::at({i % 13 * 40, i / 13 * 40}, {40, 40});
      std::vector<float> crop(8 * 40 * 40);
      from.read(rect, crop.data());
      EXPECT_EQ(crop, cut(values, 8, {520, 360}, rect));
      to.write(rect, crop.data());
    });
    to.commit();
  }
  EXPECT_EQ(read_all(to), values);
}

TEST(LatentArrayThreads, ArraysComeAndGoWhileOthersWork) {
  ScratchDirectory scratch;
  ChunkCache cache(300000);
  on_threads(24, [&](int i) {
    const fs::path path = scratch / std::to_string(i);
    const std::vector<float> values = ramp(4 * 90 * 70, i);
    {
      LatentArray array = LatentArray::create(path, 4, {90, 70}, StoreType::float16, cache);
      array.write({0, 0, 90, 70}, values.data());
      array.commit();
      array.write({0, 0, 45, 70}, values.data());
    }
    EXPECT_EQ(read_all(LatentArray::open(path, cache)), values);
  });
}

}  // namespace
}  // namespace histoloom
