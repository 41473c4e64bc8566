// What comes out of a writer goes back through libtiff and is compared with a pyramid that was
// shrunk apart from the library.
#include "histoloom/pyramid/writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tbb/global_control.h>

#include <array>
#include <random>
#include <set>

#include "histoloom/core/error.h"
#include "support.h"

namespace histoloom::pyramid::test {
namespace {

void expect_levels(const std::vector<ReadDirectory>& levels, Picture expected,
                   const WriterOptions& options, double tolerance) {
  ASSERT_EQ(levels.size(), level_sizes(options).size());
  for (std::size_t i = 0; i < levels.size(); ++i) {
    SCOPED_TRACE("level " + std::to_string(i));
    if (i > 0) expected = shrunk(expected, options.shrink, options.reduction);
    EXPECT_TRUE(levels[i].tiled);
    EXPECT_EQ(levels[i].picture.width, expected.width);
    EXPECT_EQ(levels[i].picture.height, expected.height);
    EXPECT_LE(mean_difference(levels[i].picture, expected), tolerance);
  }
}

// The levels of a file in any profile.
std::vector<ReadDirectory> levels_of(const ReadFile& file, Profile profile) {
  std::vector<ReadDirectory> levels;
  for (const auto& d : file.chain) {
    if (d.tiled) levels.push_back(d);
  }
  if (profile == Profile::ome)
    levels.insert(levels.end(), file.children.begin(), file.children.end());
  return levels;
}

struct Shape {
  std::int64_t width, height;
};

class Sizes : public testing::TestWithParam<Shape> {};

TEST_P(Sizes, KeepEveryPixelOfEveryLevelInEveryLosslessCompression) {
  const ScratchDirectory folder;
  for (const int channels : {1, 3}) {
    const Picture picture = noise(GetParam().width, GetParam().height, channels);
    for (const auto compression : {Compression::deflate, Compression::lzw, Compression::none}) {
      for (const int shrink : {2, 4}) {
        SCOPED_TRACE(testing::Message()
                     << channels << " channels, " << name_of(compression) << ", shrink " << shrink);
        WriterOptions options = options_for(picture);
        options.compression = compression;
        options.tile = 64;
        options.shrink = shrink;
        write(folder / "a.tif", picture, options);
        const ReadFile file = read_tiff(folder / "a.tif");
        EXPECT_THAT(file.complaints, testing::IsEmpty());
        expect_levels(file.chain, picture, options, 0);
      }
    }
  }
}

TEST_P(Sizes, ComeCloseToThePixelsInJpegInEveryProfile) {
  const ScratchDirectory folder;
  const Picture picture = waves(GetParam().width, GetParam().height, 3);
  for (const auto profile : {Profile::generic, Profile::svs, Profile::ome}) {
    for (const int quality : {80, 95}) {
      SCOPED_TRACE(testing::Message() << name_of(profile) << ", quality " << quality);
      WriterOptions options = options_for(picture);
      options.profile = profile;
      options.quality = quality;
      write(folder / "a.tif", picture, options);
      const ReadFile file = read_tiff(folder / "a.tif");
      EXPECT_THAT(file.complaints, testing::IsEmpty());
      expect_levels(levels_of(file, profile), picture, options, 2.5);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Odd, Sizes,
                         testing::Values(Shape{1, 1}, Shape{33, 100}, Shape{64, 64},
                                         Shape{100, 100}, Shape{255, 257}, Shape{333, 2049},
                                         Shape{5000, 3}, Shape{3, 700}),
                         [](const auto& shape) {
                           return std::to_string(shape.param.width) + "by" +
                                  std::to_string(shape.param.height);
                         });

TEST(Writer, ReducesLabelsByModeAndNeverInventsAClass) {
  const ScratchDirectory folder;
  Picture picture = noise(517, 301, 1, 3);
  for (auto& id : picture.pixels) id = static_cast<std::uint8_t>(100 * id);  // 0, 100, 200
  for (const int shrink : {2, 4}) {
    WriterOptions options = options_for(picture);
    options.reduction = Reduction::mode;
    options.compression = Compression::deflate;
    options.tile = 32;
    options.shrink = shrink;
    write(folder / "labels.tif", picture, options);
    const ReadFile file = read_tiff(folder / "labels.tif");
    expect_levels(file.chain, picture, options, 0);
    for (const auto& level : file.chain) {
      const auto& pixels = level.picture.pixels;
      EXPECT_THAT(std::set<int>(pixels.begin(), pixels.end()), testing::IsSubsetOf({0, 100, 200}));
      EXPECT_EQ(level.photometric, 1);  // so that readers hand out ids, not colours
    }
  }
}

TEST(Writer, KeepsTheMeanOfNoiseThroughAllLevels) {
  // Rounding halves up would add 1/8 a level.
  const ScratchDirectory folder;
  const Picture picture = noise(1024, 1024, 1, 256);
  WriterOptions options = options_for(picture);
  options.compression = Compression::none;
  options.tile = 16;
  write(folder / "a.tif", picture, options);
  const auto mean = [](const Picture& p) {
    double sum = 0;
    for (const auto v : p.pixels) sum += v;
    return sum / static_cast<double>(p.pixels.size());
  };
  for (const auto& level : read_tiff(folder / "a.tif").chain) {
    EXPECT_NEAR(mean(level.picture), mean(picture), 0.15);
  }
}

TEST(Writer, WritesTheSameBytesForAnyThreadsAndRowsACall) {
  // As many threads as are asked for, on however few cores.
  const tbb::global_control allow(tbb::global_control::max_allowed_parallelism, 8);
  const Picture picture = waves(700, 900, 3);
  const ScratchDirectory folder;
  for (const auto profile : {Profile::generic, Profile::svs, Profile::ome}) {
    WriterOptions options = options_for(picture);
    options.profile = profile;
    options.tile = 48;
    options.threads = 1;
    write(folder / "one", picture, options, 1);
    const auto expected = bytes_of(folder / "one");
    for (const int threads : {2, 3, 8}) {
      options.threads = threads;
      write(folder / "more", picture, options, 100 * threads);
      EXPECT_EQ(bytes_of(folder / "more"), expected) << threads << " threads";
    }
  }
}

TEST(Writer, TakesRowsWithAnyStride) {
  const Picture picture = noise(50, 40, 3);
  Picture wide = blank(60, 40, 3, 9);
  for (std::int64_t y = 0; y < 40; ++y) {
    std::copy_n(picture.pixels.begin() + y * picture.stride(), picture.stride(),
                wide.pixels.begin() + y * wide.stride());
  }
  const ScratchDirectory folder;
  const WriterOptions options = options_for(picture);
  write(folder / "a.tif", picture, options);
  PyramidWriter writer(folder / "b.tif", options);
  writer.write_rows({wide.pixels.data(), {picture.width, 40}, picture.channels, wide.stride()});
  writer.finish();
  EXPECT_EQ(bytes_of(folder / "a.tif"), bytes_of(folder / "b.tif"));
}

TEST(Writer, StoresEqualTilesOnceAndLeavesNoTileEmpty) {
  const ScratchDirectory folder;
  Picture picture = blank(2048, 2048, 3, 243);
  const Picture tissue = noise(256, 256, 3);
  for (std::int64_t y = 0; y < 256; ++y) {
    std::copy_n(tissue.pixels.begin() + y * tissue.stride(), tissue.stride(),
                picture.pixels.begin() + (y + 512) * picture.stride() + 512 * 3);
  }
  const WriteSummary summary = write(folder / "a.tif", picture, options_for(picture));
  const ReadFile file = read_tiff(folder / "a.tif");
  std::set<std::uint64_t> offsets;
  for (const auto& level : file.chain) {
    for (std::size_t i = 0; i < level.offsets.size(); ++i) {
      EXPECT_GT(level.offsets[i], 0u);
      EXPECT_GT(level.sizes[i], 0u);
      offsets.insert(level.offsets[i]);
    }
  }
  // Glass, and the tissue on each of the four levels.
  EXPECT_EQ(offsets.size(), 5u);
  EXPECT_EQ(summary.distinct_tiles, 5);
  EXPECT_EQ(summary.levels.size(), 4u);
  EXPECT_EQ(summary.levels[0].tiles, 64);
  EXPECT_EQ(summary.bytes, std::filesystem::file_size(folder / "a.tif"));
}

// Offsets of the tiles, on all levels, that show nothing but `glass`.
std::set<std::uint64_t> glass_tiles(const std::vector<ReadDirectory>& levels, std::int64_t tile,
                                    int glass, std::size_t& seen) {
  std::set<std::uint64_t> offsets;
  for (const ReadDirectory& level : levels) {
    const Picture& p = level.picture;
    const std::int64_t columns = divide_up(p.width, tile);
    for (std::size_t i = 0; i < level.offsets.size(); ++i) {
      const std::int64_t x0 = static_cast<std::int64_t>(i) % columns * tile;
      const std::int64_t y0 = static_cast<std::int64_t>(i) / columns * tile;
      bool only_glass = true;
      for (std::int64_t y = y0; y < std::min(y0 + tile, p.height); ++y) {
        for (std::int64_t x = x0; x < std::min(x0 + tile, p.width); ++x) {
          for (int c = 0; c < 3; ++c) only_glass = only_glass && p.at(x, y, c) == glass;
        }
      }
      if (!only_glass) continue;
      ++seen;
      offsets.insert(level.offsets[i]);
    }
  }
  return offsets;
}

TEST(Writer, StoresAtMostSixteenTilesOfGlassWhereItCoversThreeFifths) {
  const ScratchDirectory folder;
  // Noise in the middle 40 % of the area, off the grid of tiles, on uniform glass.
  Picture picture = blank(2111, 1999, 3, 241);
  const Picture tissue = noise(1335, 1264, 3);
  for (std::int64_t y = 0; y < tissue.height; ++y) {
    std::copy_n(tissue.pixels.begin() + y * tissue.stride(), tissue.stride(),
                picture.pixels.begin() + (y + 368) * picture.stride() + 388 * 3);
  }
  for (const auto profile : {Profile::generic, Profile::svs, Profile::ome}) {
    for (const auto compression : {Compression::jpeg, Compression::lzw}) {
      WriterOptions options = options_for(picture);
      options.profile = profile;
      options.compression = compression;
      options.tile = 64;
      write(folder / "a.tif", picture, options);
      std::size_t seen = 0;
      const auto levels = levels_of(read_tiff(folder / "a.tif"), profile);
      EXPECT_LE(glass_tiles(levels, 64, 241, seen).size(), 16u);
      EXPECT_GT(seen, 500u);
    }
  }
}

TEST(Writer, FindsEqualTilesThatAreNotOfOneColour) {
  const ScratchDirectory folder;
  const Picture tile = noise(64, 64, 3);
  Picture picture = blank(256, 128, 3);
  for (std::int64_t y = 0; y < 128; ++y) {
    for (std::int64_t x = 0; x < 256; ++x) {
      for (int c = 0; c < 3; ++c) {
        picture.at(x, y, c) = static_cast<std::uint8_t>(tile.at(x % 64, y % 64, c));
      }
    }
  }
  WriterOptions options = options_for(picture);
  options.tile = 64;
  options.levels = 1;
  EXPECT_EQ(write(folder / "a.tif", picture, options).distinct_tiles, 1);
  EXPECT_EQ(read_tiff(folder / "a.tif").chain[0].offsets.size(), 8u);
}

TEST(Writer, RepeatsTheEdgePixelsInEdgeTiles) {
  // Padding with black would ring back into the image through JPEG's blocks.
  const ScratchDirectory folder;
  const Picture picture = blank(257, 257, 3, 200);
  EXPECT_EQ(write(folder / "a.tif", picture, options_for(picture)).distinct_tiles, 1);
}

TEST(Writer, WritesClassicTiffUnlessItIsTooBigOrAskedFor) {
  const ScratchDirectory folder;
  const Picture picture = waves(300, 200, 3);
  for (const auto profile : {Profile::generic, Profile::svs, Profile::ome}) {
    WriterOptions options = options_for(picture);
    options.profile = profile;
    write(folder / "classic.tif", picture, options);
    options.container = Container::big;
    EXPECT_TRUE(write(folder / "big.tif", picture, options).big_tiff);
    const ReadFile classic = read_tiff(folder / "classic.tif");
    const ReadFile big = read_tiff(folder / "big.tif");
    EXPECT_FALSE(classic.big);
    EXPECT_TRUE(big.big);
    EXPECT_THAT(big.complaints, testing::IsEmpty());
    ASSERT_EQ(big.chain.size(), classic.chain.size());
    ASSERT_EQ(big.children.size(), classic.children.size());
    for (std::size_t i = 0; i < big.chain.size(); ++i) {
      EXPECT_EQ(big.chain[i].picture.pixels, classic.chain[i].picture.pixels);
      EXPECT_EQ(big.chain[i].description, classic.chain[i].description);
    }
  }
}

TEST(Writer, KeepsEveryPixelForRandomSizesAndOptions) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  const auto pick = [&](int from, int to) {
    return from + static_cast<int>(random() % static_cast<unsigned>(to - from + 1));
  };
  const ScratchDirectory folder;
  for (int i = 0; i < 40; ++i) {
    const int channels = pick(0, 1) == 0 ? 1 : 3;
    const Picture picture = noise(pick(1, 400), pick(1, 400), channels, pick(1, 256));
    WriterOptions options = options_for(picture);
    options.compression = std::array{Compression::deflate, Compression::lzw,
                                     Compression::none}[static_cast<std::size_t>(pick(0, 2))];
    options.tile = 16 * pick(1, 9);
    options.shrink = 2 * pick(1, 2);
    options.levels = pick(0, 4);
    options.threads = pick(1, 3);
    options.container = pick(0, 1) == 0 ? Container::automatic : Container::big;
    if (channels == 1 && pick(0, 1) == 0) options.reduction = Reduction::mode;
    options.profile = channels == 3 && pick(0, 1) == 0 ? Profile::svs : Profile::generic;
    SCOPED_TRACE(testing::Message() << picture.width << "x" << picture.height << ", tile "
                                    << options.tile << ", shrink " << options.shrink);
    write(folder / "a.tif", picture, options, pick(1, 500));
    const ReadFile file = read_tiff(folder / "a.tif");
    EXPECT_THAT(file.complaints, testing::IsEmpty());
    std::vector<ReadDirectory> levels = levels_of(file, options.profile);
    expect_levels(levels, picture, options, 0);
  }
}

TEST(Writer, RefusesRowsOfAnotherPicture) {
  const ScratchDirectory folder;
  const Picture picture = waves(20, 10, 3);
  PyramidWriter writer(folder / "a.tif", options_for(picture));
  for (const PictureView other : {PictureView{picture.pixels.data(), {19, 1}, 3, 60},
                                  PictureView{picture.pixels.data(), {20, 1}, 1, 60}})
    EXPECT_THROW(writer.write_rows(other), InternalError);
  EXPECT_EQ(writer.rows_written(), 0);
  writer.write_rows(picture.rows(0, 10));
  writer.finish();
  EXPECT_THAT(folder.files(), testing::ElementsAre("a.tif"));
}

TEST(Writer, RefusesRowsTooManyAndTooFew) {
  const ScratchDirectory folder;
  const Picture picture = waves(20, 10, 3);
  {
    PyramidWriter writer(folder / "a.tif", options_for(picture));
    writer.write_rows(picture.rows(0, 9));
    EXPECT_EQ(writer.rows_written(), 9);
    EXPECT_THROW(writer.finish(), InternalError);
    EXPECT_THROW(writer.write_rows(picture.rows(0, 2)), InternalError);
  }
  EXPECT_THAT(folder.files(), testing::IsEmpty());
}

}  // namespace
}  // namespace histoloom::pyramid::test
