// Measures of likeness beside NumPy, SciPy and scikit-image: the numbers are those that
// tests/evaluate/reference.py prints.
#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "histoloom/evaluate/optical_density.h"
#include "histoloom/evaluate/radial_spectrum.h"
#include "histoloom/evaluate/reconstruction.h"
#include "histoloom/evaluate/sliced_wasserstein.h"
#include "laplacian_pyramid.h"
#include "test_pictures.h"

namespace histoloom::evaluate {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;

// Every neighbourhood, eight directions.
SlicedWassersteinOptions everything() {
  SlicedWassersteinOptions options;
  options.descriptors = 1'000'000;
  options.directions = 8;
  options.bootstrap.replicates = 20;
  return options;
}

// ---- Sliced Wasserstein distance

TEST(SlicedWasserstein, IsThatOfNumpy) {
  const auto levels = sliced_wasserstein(first(), second(), everything());
  ASSERT_EQ(levels.size(), 2u);
  EXPECT_EQ(levels[0].side, 32);
  EXPECT_EQ(levels[0].descriptors, 3 * 26 * 26);
  EXPECT_EQ(levels[1].side, 16);
  EXPECT_EQ(levels[1].descriptors, 3 * 10 * 10);
  EXPECT_NEAR(levels[0].distance.value, 0.02905606176, 1e-5);
  EXPECT_NEAR(levels[1].distance.value, 0.27974125466, 1e-5);
}

TEST(SlicedWasserstein, OfASetToItselfIsZero) {
  for (const LevelDistance& level : sliced_wasserstein(first(), first(), everything()))
    EXPECT_EQ(level.distance.value, 0);
}

TEST(SlicedWasserstein, PlainPicturesHaveNoDistanceWhateverTheirColours) {
  // Rounding would make noise of deviation 1 of them.
  const std::vector<Picture> pink(3, plain_picture({32, 32}, {231, 171, 201})),
      violet(3, plain_picture({32, 32}, {97, 61, 113}));
  for (const LevelDistance& level : sliced_wasserstein(pink, violet, everything()))
    EXPECT_EQ(level.distance.value, 0) << level.side;
}

TEST(SlicedWasserstein, CutsOutNoMoreDescriptorsThanAskedFor) {
  SlicedWassersteinOptions options = everything();
  options.descriptors = 500;
  const auto levels = sliced_wasserstein(first(), second(), options);
  EXPECT_EQ(levels[0].descriptors, 501);
  EXPECT_EQ(levels[1].descriptors, 300);
}

TEST(SlicedWasserstein, SomeDescriptorsTellWhatAllOfThemTell) {
  const auto sets = std::pair(test_pictures(64, 1, 8), test_pictures(64, 50, 8));
  SlicedWassersteinOptions options = everything();
  options.directions = 64;
  const auto all = sliced_wasserstein(sets.first, sets.second, options);
  options.descriptors = 4000;
  const auto some = sliced_wasserstein(sets.first, sets.second, options);
  EXPECT_LT(some[0].descriptors * 6, all[0].descriptors);
  EXPECT_NEAR(some[0].distance.value, all[0].distance.value, 0.03);
}

TEST(SlicedWasserstein, IntervalsHoldTheValueAndNarrowWithMorePatches) {
  SlicedWassersteinOptions few = everything();
  few.descriptors = 1000;
  const auto width = [few](int patches) {
    const auto a = test_pictures(32, 1, patches), b = test_pictures(32, 501, patches);
    const Estimate estimate = sliced_wasserstein(a, b, few)[1].distance;
    EXPECT_LE(estimate.interval->low, estimate.value);
    EXPECT_GE(estimate.interval->high, estimate.value);
    return estimate.interval->high - estimate.interval->low;
  };
  EXPECT_LT(width(64), width(6));
}

TEST(SlicedWasserstein, OfSeveralPairsIsThatOfEach) {
  const std::vector<Picture> third = test_pictures(32, 11, 3);
  const std::vector<Sample> firsts{first(), third}, seconds{second(), first()};
  const std::vector<SetPair> pairs{{0, 0}, {1, 0}, {1, 1}};
  const auto found = sliced_wasserstein_of_pairs(firsts, seconds, pairs, everything());
  ASSERT_EQ(found.size(), 3u);
  for (std::size_t p = 0; p < pairs.size(); ++p) {
    const auto alone =
        sliced_wasserstein(firsts[pairs[p].first], seconds[pairs[p].second], everything());
    for (std::size_t level = 0; level < alone.size(); ++level) {
      EXPECT_EQ(found[p][level].distance.value, alone[level].distance.value);
      EXPECT_EQ(found[p][level].distance.interval->low, alone[level].distance.interval->low);
    }
  }
}

TEST(SlicedWasserstein, IntervalsOfFewImagesAreWiderThanThoseOfTheirPatches) {
  // Two patches each of six images.
  std::vector<Picture> a, b;
  std::vector<std::size_t> sources;
  for (const std::uint32_t i : {0u, 1u, 2u, 3u, 4u, 5u}) {
    for (int twice = 0; twice < 2; ++twice) {
      a.push_back(test_picture({32, 32}, 1 + i));
      b.push_back(test_picture({32, 32}, 501 + i));
      sources.push_back(i);
    }
  }
  const auto width = [&](std::span<const std::size_t> images) {
    SlicedWassersteinOptions options = everything();
    options.bootstrap.replicates = 200;
    const Interval interval =
        *sliced_wasserstein({a, images}, {b, images}, options)[1].distance.interval;
    return interval.high - interval.low;
  };
  EXPECT_GT(width(sources), 1.1 * width({}));
}

TEST(SlicedWasserstein, UnequalSetsAreABug) {
  const auto message = [](Pictures a, Pictures b) {
    return message_of<InternalError>([&] { sliced_wasserstein(a, b, everything()); });
  };
  EXPECT_THAT(message(first(), std::span(second()).first(2)),
              testing::HasSubstr("both sides need equally many patches"));
  EXPECT_THAT(message(first(), test_pictures(16, 1, 3)),
              testing::HasSubstr("patches must be squares of one size"));
  const auto odd = test_pictures(24, 1, 3);
  EXPECT_THAT(message(odd, odd), testing::HasSubstr("a patch's side must be a power of two"));
}

TEST(LaplacianPyramid, AddsUpToThePicture) {
  const Picture picture = test_picture({64, 64}, 9);
  auto levels = laplacian_pyramid(picture, 16);
  ASSERT_EQ(levels.size(), 3u);
  for (std::size_t c = 0; c < 3; ++c) {
    Plane sum = levels[2][c];
    for (const std::size_t level : {1u, 0u}) {
      sum = expanded(sum);
      for (std::size_t i = 0; i < sum.values.size(); ++i)
        sum.values[i] += levels[level][c].values[i];
    }
    for (std::size_t i = 0; i < sum.values.size(); ++i)
      ASSERT_NEAR(sum.values[i], picture.samples[3 * i + c], 1e-3);
  }
}

// ---- Optical density

TEST(OpticalDensity, RunsFromWhiteToBlack) {
  EXPECT_EQ(optical_density(255), 0);
  EXPECT_NEAR(optical_density(0), 2.40824, 1e-5);
}

TEST(OpticalDensity, DistancesAreThoseOfScipy) {
  const auto distances = density_distances(first(), second(), {});
  EXPECT_NEAR(distances[0].value, 0.012533167701, 1e-9);
  EXPECT_NEAR(distances[1].value, 0.012367593150, 1e-9);
  EXPECT_NEAR(distances[2].value, 0.021157957031, 1e-9);
  EXPECT_LT(distances[0].interval->low, distances[0].value);
  EXPECT_GT(distances[0].interval->high, distances[0].value);
}

TEST(OpticalDensity, HistogramsShareOutEveryPixel) {
  const std::vector<Picture> plain{plain_picture({5, 3}, {255, 25, 0})};
  const ValueCounts counts = sum_of_counts(value_counts(plain), {2});
  EXPECT_EQ(counts[0][255], 30);
  EXPECT_EQ(density_histogram(counts, 0)[0], 1);
  EXPECT_EQ(density_histogram(counts, 1)[9], 1) << "-log10(26 / 256) = 0.993";
  EXPECT_EQ(density_histogram(counts, 2)[24], 1);
}

// ---- Spectra

TEST(RadialSpectrum, IsThatOfNumpy) {
  const std::vector<double> power = radial_spectrum(first()[0]);
  ASSERT_EQ(power.size(), 16u);
  const auto near = [](double value) { return DoubleNear(value, 1e-5 * value); };
  EXPECT_THAT(power[0], near(15244329.5372));
  EXPECT_THAT(power[1], near(1255510.02609));
  EXPECT_THAT(power[7], near(21729.252304));
  EXPECT_THAT(power[15], near(17253.629356));
}

TEST(RadialSpectrum, DifferencesAreInDecibels) {
  const SpectrumDifference difference = spectrum_difference(first(), second(), {});
  EXPECT_NEAR(difference.decibels[0], -0.11766047, 1e-5);
  EXPECT_NEAR(difference.decibels[7], -0.06993823, 1e-5);
  EXPECT_NEAR(difference.decibels[15], 0.59700626, 1e-5);
  double largest = 0, sum = 0;
  for (std::size_t i = 0; i < 16; ++i) {
    sum += std::abs(difference.decibels[i]);
    if (i < 8) largest = std::max(largest, std::abs(difference.decibels[i]));
  }
  EXPECT_DOUBLE_EQ(difference.largest_to_half.value, largest);
  EXPECT_DOUBLE_EQ(difference.mean.value, sum / 16);
}

// ---- Reconstruction

// The rounded mean of 3 × 3 px, mirrored at the borders.
Picture blurred(const Picture& picture) {
  Picture out = picture;
  const auto mirror = [](std::int64_t i, std::int64_t n) {
    return i < 0 ? -i : i < n ? i : 2 * n - 2 - i;
  };
  for (std::int64_t y = 0; y < picture.size.height; ++y) {
    for (std::int64_t x = 0; x < picture.size.width; ++x) {
      for (std::size_t c = 0; c < 3; ++c) {
        int sum = 0;
        for (std::int64_t i = 0; i < 9; ++i)
          sum += picture.at(mirror(x + i % 3 - 1, picture.size.width),
                            mirror(y + i / 3 - 1, picture.size.height))[c];
        out.at(x, y)[c] = static_cast<std::uint8_t>(std::lround(sum / 9.0));
      }
    }
  }
  return out;
}

TEST(Reconstruction, IsJudgedAsScikitImageDoes) {
  const Picture reference = test_picture({203, 181}, 1);
  const Picture soft = blurred(reference), other = test_picture({203, 181}, 2);
  EXPECT_NEAR(psnr(reference, soft), 23.318462866, 1e-6);
  EXPECT_NEAR(ms_ssim(reference, soft), 0.95523386, 2e-5);
  EXPECT_NEAR(psnr(reference, other), 13.313775266, 1e-6);
  EXPECT_NEAR(ms_ssim(reference, other), 0.15179964, 2e-5);
  Picture darker = reference;
  for (std::uint8_t& v : darker.samples) v /= 2;
  EXPECT_NEAR(psnr(reference, darker), 11.096129278, 1e-6);
  EXPECT_NEAR(ms_ssim(reference, darker), 0.78953650, 2e-5);
}

TEST(Reconstruction, OfEqualPicturesIsPerfect) {
  const Picture picture = test_picture({176, 177}, 1);
  EXPECT_EQ(psnr(picture, picture), std::numeric_limits<double>::infinity());
  EXPECT_NEAR(ms_ssim(picture, picture), 1, 1e-6);
}

TEST(Reconstruction, OfTooSmallPicturesIsABug) {
  const Picture picture = test_picture({175, 300}, 1);
  EXPECT_THAT(message_of<InternalError>([&] { ms_ssim(picture, picture); }),
              testing::HasSubstr("176 px a side or more"));
}

}  // namespace
}  // namespace histoloom::evaluate
