// Copies of training images beside NumPy: the numbers are those that tests/evaluate/reference.py
// prints.
#include "histoloom/evaluate/copying.h"

#include <gmock/gmock.h>

#include <complex>
#include <numbers>

#include "fourier.h"
#include "orientations.h"
#include "planes.h"
#include "search_regions.h"
#include "test_pictures.h"

namespace histoloom::evaluate {
namespace {

using testing::ElementsAre;

// ---- Patch upon patch

TEST(BestMatches, AreThoseOfNumpy) {
  const std::vector<Match> matches = best_matches(second(), first());
  EXPECT_NEAR(matches[0].correlation, 0.331345969407, 1e-6);
  EXPECT_EQ(matches[0].training, 1u);
  EXPECT_EQ(matches[0].quarter_turns, 1);
  EXPECT_FALSE(matches[0].mirrored);
  EXPECT_NEAR(matches[1].correlation, 0.878589519751, 1e-6);
  EXPECT_EQ(matches[1].training, 2u);
  EXPECT_EQ(matches[1].quarter_turns, 2);
  EXPECT_NEAR(matches[2].correlation, 0.868088644089, 1e-6);
}

TEST(BestMatches, FindATurnedCopy) {
  // A quarter turn clockwise, so three anticlockwise turns bring... one back.
  const Picture& original = first()[2];
  Picture copy = transposed(original);
  for (std::int64_t y = 0; y < 32; ++y)
    for (std::int64_t x = 0; x < 16; ++x)
      std::swap_ranges(copy.at(x, y), copy.at(x, y) + 3, copy.at(31 - x, y));
  const Match match = best_matches({&copy, 1}, first())[0];
  EXPECT_NEAR(match.correlation, 1, 1e-6);
  EXPECT_EQ(match.training, 2u);
  EXPECT_EQ(match.quarter_turns, 1);
}

TEST(BestMatches, FindAMirroredCopyWhicheverWayItIsTurned) {
  Picture copy = transposed(first()[2]);  // the mirror image of a quarter turn
  for (const int turns : {0, 1}) {
    const Match match = best_matches({&copy, 1}, first())[0];
    EXPECT_NEAR(match.correlation, 1, 1e-6);
    EXPECT_EQ(match.training, 2u);
    EXPECT_TRUE(match.mirrored);
    EXPECT_EQ(match.quarter_turns % 2, 1 - turns);
    copy = transposed(copy);
    for (std::int64_t y = 0; y < 32; ++y)
      for (std::int64_t x = 0; x < 16; ++x)
        std::swap_ranges(copy.at(x, y), copy.at(x, y) + 3, copy.at(31 - x, y));
  }
}

TEST(BestMatches, APlainPatchResemblesNothing) {
  const Picture plain = plain_picture({32, 32}, {200, 100, 50});
  EXPECT_EQ(best_matches({&plain, 1}, first())[0].correlation, 0);
}

TEST(BestMatches, AreSummedUpByNumpysQuantiles) {
  std::vector<Match> matches;
  for (const double v : {0.9, 0.1, 0.4, 0.2}) matches.push_back({v, 0, 0, false});
  const MatchSummary summary = summary_of(matches);
  EXPECT_DOUBLE_EQ(summary.median, 0.3);
  EXPECT_DOUBLE_EQ(summary.p95, 0.825);
  EXPECT_DOUBLE_EQ(summary.maximum, 0.9);
}

// ---- Shifted

// Three pictures of 61 × 50 px.
const std::vector<Picture>& images() {
  static const std::vector<Picture> set{blob_picture({61, 50}, 1), blob_picture({61, 50}, 2),
                                        blob_picture({61, 50}, 3)};
  return set;
}

// A region of the second one at (21, 15), with grain over it.
Picture grained_copy() {
  Picture out = crop(images()[1], {21, 15, 53, 47});
  const Picture grain = blob_picture({32, 32}, 13);
  for (std::size_t i = 0; i < out.samples.size(); ++i)
    out.samples[i] = static_cast<std::uint8_t>(out.samples[i] / 2 + grain.samples[i] / 8);
  return out;
}

std::vector<Match> found(const std::vector<Picture>& patches, const std::vector<Picture>& in,
                         std::int64_t shrink) {
  ShiftedSearch search(patches, {.shrink = shrink});
  for (std::size_t i = 0; i < in.size(); ++i) search.look_in(in[i], i);
  return search.matches();
}

TEST(ShiftedSearch, FindsTheBestWindowThatNumpyFinds) {
  const auto matches =
      found({blob_picture({32, 32}, 11), blob_picture({32, 32}, 12), grained_copy()}, images(), 1);
  EXPECT_NEAR(matches[0].correlation, 0.627442405935, 1e-5);
  EXPECT_EQ(matches[0].training, 0u);
  EXPECT_EQ(matches[0].quarter_turns, 1);
  EXPECT_FALSE(matches[0].mirrored);
  EXPECT_EQ(matches[0].place, (PixelPoint{8, 0}));
  EXPECT_NEAR(matches[1].correlation, 0.702143073542, 1e-5);
  EXPECT_EQ(matches[1].training, 1u);
  EXPECT_EQ(matches[1].quarter_turns, 3);
  EXPECT_TRUE(matches[1].mirrored);
  EXPECT_EQ(matches[1].place, (PixelPoint{15, 4}));
  EXPECT_NEAR(matches[2].correlation, 0.964014146071, 1e-5);
}

TEST(ShiftedSearch, FindsAShiftedCopyAtAQuarterOfTheSize) {
  const Picture copy = grained_copy();
  for (const Picture& patch : {copy, transposed(copy)}) {
    const Match match = found({patch}, images(), 4)[0];
    EXPECT_NEAR(match.correlation, 0.964014146071, 1e-5);
    EXPECT_EQ(match.training, 1u);
    EXPECT_EQ(match.place, (PixelPoint{21, 15}));
    const bool mirrored = patch.samples != copy.samples;
    EXPECT_EQ(match.mirrored, mirrored);
    EXPECT_EQ(match.quarter_turns, mirrored ? 1 : 0);
  }
  EXPECT_LT(best_matches({&copy, 1}, std::vector{crop(images()[1], {0, 0, 32, 32}),
                                                 crop(images()[1], {29, 18, 61, 50})})[0]
                .correlation,
            0.6)
      << "pixel upon pixel it is none";
}

TEST(ShiftedSearch, FindsCopiesFromEveryPlaceOfManyImages) {
  std::vector<Picture> in, patches;
  for (std::uint32_t i = 0; i < 20; ++i) in.push_back(blob_picture({64, 64}, 100 + i));
  for (std::int64_t i = 0; i < 20; ++i)
    patches.push_back(crop(in[static_cast<std::size_t>(i)],
                           PixelRect::at({(7 * i) % 33, 32 - (5 * i) % 33}, {32, 32})));
  const std::vector<Match> matches = found(patches, in, 4);
  for (std::size_t i = 0; i < matches.size(); ++i) {
    EXPECT_NEAR(matches[i].correlation, 1, 1e-5) << i;
    EXPECT_EQ(matches[i].training, i);
    const auto k = static_cast<std::int64_t>(i);
    EXPECT_EQ(matches[i].place, (PixelPoint{(7 * k) % 33, 32 - (5 * k) % 33}));
  }
}

TEST(ShiftedSearch, CountsPlacesFromTheCornerOfARegion) {
  const std::vector<Picture> patches{grained_copy()};
  ShiftedSearch search(patches);
  search.look_in(crop(images()[1], {10, 6, 61, 50}), 7, {10, 6});
  EXPECT_EQ(search.matches()[0].place, (PixelPoint{21, 15}));
  EXPECT_EQ(search.matches()[0].training, 7u);
}

TEST(ShiftedSearch, PlainPatchesAndPlainImagesResembleNothing) {
  const Picture plain = plain_picture({61, 50}, {201, 101, 51});
  const auto matches = found({blob_picture({32, 32}, 11), crop(plain, {0, 0, 32, 32})}, {plain}, 4);
  EXPECT_EQ(matches[0].correlation, 0);
  EXPECT_EQ(matches[1].correlation, 0);
  EXPECT_EQ(found({crop(plain, {0, 0, 32, 32})}, images(), 4)[0].correlation, 0);
}

TEST(ShiftedSearch, OfOtherSizesIsABug) {
  const auto message = [](auto&& work) { return message_of<InternalError>(work); };
  const std::vector<Picture> one = test_pictures(32, 1, 1);
  EXPECT_THAT(message([&] { ShiftedSearch(one, {.shrink = 8}); }),
              testing::HasSubstr("a patch's reduced side must be a multiple of 8 px"));
  ShiftedSearch search(one);
  EXPECT_THAT(message([&] { search.matches(); }), testing::HasSubstr("no image was looked in"));
  for (const PixelSize size : {PixelSize{31, 40}, PixelSize{65, 40}})
    EXPECT_THAT(message([&] { search.look_in(test_picture(size, 1), 0); }),
                testing::HasSubstr("an image must have one to two patches a side"));
  const std::vector<Picture> unequal{one[0], test_picture({64, 64}, 1)};
  EXPECT_THAT(message([&] { ShiftedSearch both(unequal); }),
              testing::HasSubstr("patches must be squares of one size"));
}

// ---- What it is made of

TEST(FourierTransform, IsThatOfTheDefinition) {
  for (const std::size_t n : {2u, 32u}) {
    ComplexSquare<float> data(n);
    std::vector<std::complex<double>> x(n * n);
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] = {test_hash(static_cast<std::uint32_t>(i), 0, 0, 1) % 100 / 100.0,
              test_hash(static_cast<std::uint32_t>(i), 1, 0, 1) % 100 / 100.0};
      data.re[i] = static_cast<float>(x[i].real());
      data.im[i] = static_cast<float>(x[i].imag());
    }
    FourierTransform<float>(n).transform(data);
    for (const std::size_t at : {std::size_t{0}, std::size_t{1}, n, n * n / 2 + 1, n * n - 1}) {
      std::complex<double> sum = 0;
      for (std::size_t i = 0; i < x.size(); ++i)
        sum += x[i] * std::polar(1.0, -2 * std::numbers::pi *
                                          static_cast<double>(at / n * (i / n) + at % n * (i % n)) /
                                          static_cast<double>(n));
      EXPECT_NEAR(data.re[at], sum.real(), 1e-3) << n << " " << at;
      EXPECT_NEAR(data.im[at], sum.imag(), 1e-3) << n << " " << at;
    }
  }
}

TEST(FourierTransform, OfSomeColumnsHasSomeOfEachResult) {
  const std::size_t n = 32;
  ComplexSquare<double> data(n), all(n), some(n);
  for (std::size_t i = 0; i < n * n; ++i) {
    data.re[i] = test_hash(static_cast<std::uint32_t>(i), 0, 0, 1) % 100;
    data.im[i] = test_hash(static_cast<std::uint32_t>(i), 1, 0, 1) % 100;
  }
  FourierTransform<double>(n).columns_to_rows(data, all, n, n);
  FourierTransform<double>(n).columns_to_rows(data, some, 19, 5);
  for (std::size_t i = 0; i < n * n; ++i) {
    const bool wanted = i / n < 19 && i % n < 5;
    EXPECT_EQ(some.re[i], wanted ? all.re[i] : 0) << i;
    EXPECT_EQ(some.im[i], wanted ? all.im[i] : 0) << i;
  }
}

TEST(Orientations, PlacesAreThoseOfTheSamePixelsBefore) {
  const Plane plane = channel_plane(test_picture({9, 6}, 1), 0);
  const auto ways = orientations(plane);
  for (std::size_t i = 0; i < kOrientations; ++i) {
    const PixelRect there = PixelRect::at({1, 2}, {3, 3});
    const PixelRect here = PixelRect::at(place_before(there.corner(), 3, i, plane.size), {3, 3});
    EXPECT_EQ(orientations(crop(plane, here))[i].values, crop(ways[i], there).values) << i;
    EXPECT_EQ(orientations(ways[i])[undoing(i)].values, plane.values) << i;
  }
}

// ---- What is searched

TEST(SearchRegions, HoldEverySquareOfAPatchesSize) {
  EXPECT_THAT(overlapping_regions({512, 700}, 256),
              ElementsAre(PixelRect{0, 0, 512, 512}, PixelRect{0, 188, 512, 700}));
  EXPECT_THAT(overlapping_regions({40, 32}, 32), ElementsAre(PixelRect{0, 0, 40, 32}));
  EXPECT_THAT(overlapping_regions({31, 700}, 32), ElementsAre());
  for (std::int64_t length = 32; length < 200; ++length) {
    const auto regions = overlapping_regions({length, 50}, 32);
    for (std::int64_t x = 0; x + 32 <= length; ++x)
      EXPECT_TRUE(std::any_of(regions.begin(), regions.end(),
                              [&](const PixelRect& region) {
                                return region.contains(PixelRect::at({x, 18}, {32, 32}));
                              }))
          << length << " " << x;
    for (const PixelRect& region : regions) {
      EXPECT_TRUE(PixelRect::of({length, 50}).contains(region));
      EXPECT_LE(region.width(), 64);
    }
  }
}

TEST(SearchRegions, AreOfImagesThatNothingElseWasCutFrom) {
  const ScratchDirectory scratch;
  for (const char* name : {"a.png", "b.png", "c.png"})
    write_picture(scratch / name, test_picture({96, 64}, 1));
  const PatchSources sources = open_patch_sources({scratch.path()});
  const auto of = [](const SearchRegions& regions) {
    std::vector<std::size_t> out;
    for (const SearchRegion& region : regions.chosen) out.push_back(region.source);
    return out;
  };
  const std::vector<PartId> two{part_of(0, {0, 0}), part_of(2, {0, 0})}, one{part_of(1, {0, 0})};
  EXPECT_THAT(of(search_regions(sources, {}, 32, 100, 0)), ElementsAre(0, 0, 1, 1, 2, 2));
  EXPECT_THAT(of(search_regions(sources, two, 32, 100, 0)), ElementsAre(1, 1));
  const SearchRegions some = search_regions(sources, one, 32, 3, 0);
  EXPECT_EQ(some.chosen.size(), 3u);
  EXPECT_EQ(some.all, 4u);
  EXPECT_TRUE(some.apart);
  EXPECT_THAT(of(some), testing::Each(testing::Ne(1u)));
  const std::vector<PartId> all{part_of(0, {0, 0}), part_of(1, {0, 0}), part_of(2, {0, 0})};
  EXPECT_FALSE(search_regions(sources, all, 32, 100, 0).apart);
  EXPECT_EQ(search_regions(sources, all, 32, 100, 0).chosen.size(), 6u);
}

}  // namespace
}  // namespace histoloom::evaluate
