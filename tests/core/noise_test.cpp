#include "histoloom/core/noise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <vector>

namespace histoloom {
namespace {

// Known answers that Random123 publishes for philox4x32-10 (kat_vectors).
TEST(Philox, GivesThePublishedAnswers) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(CounterNoise, EveryPartOfThePlaceMatters) {
  const CounterNoise noise(42);
  const PhiloxCounter here = noise.words(NoiseDomain::image_start, 3, 5, 7, 1);
  EXPECT_EQ(CounterNoise(42).words(NoiseDomain::image_start, 3, 5, 7, 1), here);
  EXPECT_NE(CounterNoise(43).words(NoiseDomain::image_start, 3, 5, 7, 1), here);
  EXPECT_NE(CounterNoise(42 + (std::uint64_t{1} << 32)).words(NoiseDomain::image_start, 3, 5, 7, 1),
            here);
  EXPECT_NE(noise.words(NoiseDomain::mask_start, 3, 5, 7, 1), here);
  EXPECT_NE(noise.words(NoiseDomain::image_start, 5, 3, 7, 1), here);
  EXPECT_NE(noise.words(NoiseDomain::image_start, 3, 5, 8, 1), here);
  EXPECT_NE(noise.words(NoiseDomain::image_start, 3, 5, 7, 2), here);
}

TEST(CounterNoise, UniformsFillTheUnitInterval) {
  const CounterNoise noise(1);
  constexpr int kCount = 100000;
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < kCount; ++i) {
    const float u = noise.uniform(NoiseDomain::plan, i, 0, 0, 0);
    ASSERT_GE(u, 0.0f);
    ASSERT_LT(u, 1.0f);
    sum += static_cast<double>(u);
    squares += static_cast<double>(u) * static_cast<double>(u);
  }
  const double mean = sum / kCount;
  EXPECT_NEAR(mean, 0.5, 0.004);
  EXPECT_NEAR(squares / kCount - mean * mean, 1.0 / 12, 0.002);
}

// Moments over channels and neighbouring cells; bounds are four standard errors.
TEST(CounterNoise, NormalsAreStandardAndIndependent) {
  constexpr int kSide = 256;
  constexpr int kChannels = 6;
  const CounterNoise noise(3);
  std::vector<float> all(static_cast<std::size_t>(kSide) * kSide * kChannels);
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      noise.normals(NoiseDomain::image_step, x, y, 9, kChannels, 1,
                    &all[static_cast<std::size_t>((y * kSide + x) * kChannels)]);
    }
  }
  const auto moment = [&](auto&& f, std::size_t shift) {
    double sum = 0;
    for (std::size_t i = 0; i + shift < all.size(); ++i) {
      sum += f(static_cast<double>(all[i]), static_cast<double>(all[i + shift]));
    }
    return sum / static_cast<double>(all.size() - shift);
  };
  const double error = 1 / std::sqrt(static_cast<double>(all.size()));
  EXPECT_NEAR(moment([](double a, double) { return a; }, 0), 0, 4 * error);
  EXPECT_NEAR(moment([](double a, double b) { return a * b; }, 0), 1, 4 * std::sqrt(2.0) * error);
  EXPECT_NEAR(moment([](double a, double) { return a * a * a * a; }, 0), 3, 4 * 9.8 * error);
  for (const std::size_t shift : {1, 2, 4, kChannels, kChannels * kSide}) {
    EXPECT_NEAR(moment([](double a, double b) { return a * b; }, shift), 0, 4 * error) << shift;
  }
}

TEST(CounterNoise, AChannelDoesNotDependOnHowManyAreDrawnNorOnTheOrder) {
  const CounterNoise noise(5);
  std::vector<float> eight(8);
  noise.normals(NoiseDomain::image_start, 11, 12, 0, 8, 1, eight.data());
  for (int channels = 1; channels <= 8; ++channels) {
    std::vector<float> some(static_cast<std::size_t>(channels));
    noise.normals(NoiseDomain::image_start, 99, 12, 0, channels, 1, some.data());
    noise.normals(NoiseDomain::image_start, 11, 12, 0, channels, 1, some.data());
    for (std::size_t c = 0; c < some.size(); ++c) EXPECT_EQ(some[c], eight[c]);
  }
}

TEST(CounterNoise, NormalsKeepToTheirStride) {
  const CounterNoise noise(5);
  std::vector<float> packed(3);
  std::vector<float> spread(9, -100.0f);
  noise.normals(NoiseDomain::image_start, 1, 2, 3, 3, 1, packed.data());
  noise.normals(NoiseDomain::image_start, 1, 2, 3, 3, 4, spread.data());
  for (std::size_t i = 0; i < spread.size(); ++i) {
    EXPECT_EQ(spread[i], i % 4 == 0 ? packed[i / 4] : -100.0f) << i;
  }
}

}  // namespace
}  // namespace histoloom
