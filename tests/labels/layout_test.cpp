#include "histoloom/labels/layout.h"

#include <gtest/gtest.h>
#include <tbb/global_control.h>

#include <array>
#include <cmath>
#include <queue>
#include <vector>

#include "labels/test_labels.h"

namespace histoloom {
namespace {

std::array<double, 256> shares(const LabelField& field) {
  std::array<double, 256> share{};
  const std::vector<LabelId> cells = cells_of(field);
  for (const LabelId id : cells) share[id] += 1.0 / static_cast<double>(cells.size());
  return share;
}

// Sizes of the connected pieces of tissue.
std::vector<std::int64_t> pieces(const LabelField& field, LabelId glass) {
  std::vector<LabelId> cells = cells_of(field);
  const auto [width, height] = field.size();
  std::vector<std::int64_t> sizes;
  for (std::int64_t start = 0; start < width * height; ++start) {
    if (cells[static_cast<std::size_t>(start)] == glass) continue;
    std::queue<std::int64_t> open({start});
    cells[static_cast<std::size_t>(start)] = glass;
    std::int64_t size = 0;
    while (!open.empty()) {
      const std::int64_t at = open.front();
      open.pop();
      ++size;
      const auto visit = [&](bool inside, std::int64_t next) {
        if (!inside || cells[static_cast<std::size_t>(next)] == glass) return;
        cells[static_cast<std::size_t>(next)] = glass;
        open.push(next);
      };
      visit(at % width > 0, at - 1);
      visit(at % width + 1 < width, at + 1);
      visit(at >= width, at - width);
      visit(at + width < width * height, at + width);
    }
    sizes.push_back(size);
  }
  return sizes;
}

TEST(Layout, KindsHaveNames) {
  EXPECT_EQ(parse_layout_kind("tissue"), LayoutKind::tissue);
  EXPECT_EQ(parse_layout_kind("biopsy"), LayoutKind::biopsy);
  EXPECT_EQ(parse_layout_kind("tma"), LayoutKind::tma);
  EXPECT_EQ(parse_layout_kind("full"), LayoutKind::full);
  EXPECT_EQ(parse_layout_kind("Tissue"), std::nullopt);
  EXPECT_EQ(parse_layout_kind(""), std::nullopt);
}

TEST(Layout, MeetsTheTissueFractionAtAnySizeKindAndSeed) {
  const LabelSet labels = tissue_labels();
  for (const LayoutKind kind : {LayoutKind::tissue, LayoutKind::biopsy, LayoutKind::tma}) {
    for (const CellSize size : {CellSize{8, 8}, CellSize{33, 100}, CellSize{100, 9},
                                CellSize{300, 350}, CellSize{1500, 60}}) {
      for (const double fraction : {0.05, 0.4, 0.9}) {
        for (std::uint64_t seed = 0; seed < 3; ++seed) {
          const auto field = make_layout(size, labels, {kind, fraction, 4.0, seed});
          EXPECT_NEAR(tissue_fraction(*field, 5), fraction, 0.02)
              << size.width << "x" << size.height << ", kind " << static_cast<int>(kind)
              << ", seed " << seed;
        }
      }
    }
  }
}

TEST(Layout, NoTissueAndNothingButTissueAreMetExactly) {
  const LabelSet labels = tissue_labels();
  EXPECT_EQ(tissue_fraction(*make_layout({90, 50}, labels, {LayoutKind::tissue, 0.0}), 5), 0.0);
  EXPECT_EQ(tissue_fraction(*make_layout({90, 50}, labels, {LayoutKind::tissue, 1.0}), 5), 1.0);
}

TEST(Layout, OneCellIsALayout) {
  const LabelSet labels = tissue_labels();
  EXPECT_EQ(tissue_fraction(*make_layout({1, 1}, labels, {LayoutKind::tissue, 0.4}), 5), 0.0);
  EXPECT_EQ(tissue_fraction(*make_layout({1, 1}, labels, {LayoutKind::tissue, 0.6}), 5), 1.0);
  EXPECT_EQ(make_layout({1, 1}, labels, {LayoutKind::full})->size(), (CellSize{1, 1}));
}

TEST(Layout, TheSameSeedGivesTheSameFieldForAnyNumberOfThreads) {
  const LabelSet labels = tissue_labels();
  for (const LayoutKind kind :
       {LayoutKind::tissue, LayoutKind::biopsy, LayoutKind::tma, LayoutKind::full}) {
    const auto make = [&](std::size_t threads, std::uint64_t seed) {
      tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
      return cells_of(*make_layout({333, 257}, labels, {kind, 0.4, 4.0, seed}));
    };
    const std::vector<LabelId> one = make(1, 7);
    EXPECT_EQ(make(2, 7), one);
    EXPECT_EQ(make(3, 7), one);
    EXPECT_EQ(make(8, 7), one);
    EXPECT_NE(make(2, 8), one);
  }
}

TEST(Layout, FillsIslandsWithNestsInABedAndLittleElse) {
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    const auto field =
        make_layout({512, 512}, tissue_labels(), {LayoutKind::tissue, 0.4, 4.0, seed});
    std::array<double, 256> share = shares(*field);
    const double tissue = 1 - share[5];
    EXPECT_EQ(share[0], 0.0) << "unknown is no anatomy";
    EXPECT_NEAR(share[1] / tissue, 0.45, 0.05);
    EXPECT_NEAR(share[2] / tissue, 0.05, 0.03);
    EXPECT_NEAR(share[3] / tissue, 0.43, 0.05);
    EXPECT_NEAR(share[4] / tissue, 0.06, 0.03);
  }
}

TEST(Layout, FullHasNoGlassAndNeitherHasASetWithoutGlass) {
  EXPECT_EQ(tissue_fraction(*make_layout({64, 100}, tissue_labels(), {LayoutKind::full}), 5), 1.0);
  const LabelSet two = LabelSet::parse(R"({"labels": [
      {"id": 3, "name": "tissue", "color": [1, 2, 3]},
      {"id": 9, "name": "unknown", "color": [0, 0, 0]}], "unknown": 9})",
                                       "model.json");
  EXPECT_NEAR(shares(*make_layout({64, 100}, two, {}))[3], 1.0, 1e-9);
}

TEST(Layout, TwoClassesAreNestsAndBed) {
  const LabelSet two = LabelSet::parse(R"({"labels": [
      {"id": 0, "name": "unknown", "color": [0, 0, 0]},
      {"id": 2, "name": "a", "color": [1, 2, 3]},
      {"id": 8, "name": "b", "color": [1, 2, 3]}], "unknown": 0})",
                                       "model.json");
  const auto share = shares(*make_layout({300, 300}, two, {LayoutKind::full}));
  EXPECT_NEAR(share[2], 0.48, 0.05);
  EXPECT_NEAR(share[2] + share[8], 1.0, 1e-9);
}

TEST(Layout, TissueLiesInAFewPiecesWithHardlyASpeckAround) {
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    const auto field =
        make_layout({512, 512}, tissue_labels(), {LayoutKind::tissue, 0.4, 4.0, seed});
    double in_large = 0;
    std::int64_t large = 0;
    const std::vector<std::int64_t> all = pieces(*field, 5);
    for (const std::int64_t size : all) {
      if (size < 2000) continue;
      ++large;
      in_large += static_cast<double>(size) / (0.4 * 512 * 512);
    }
    EXPECT_GE(large, 1);
    EXPECT_LE(large, 8) << "seed " << seed;
    EXPECT_GT(in_large, 0.97) << "seed " << seed;
    EXPECT_LT(all.size(), 60u) << "seed " << seed;
  }
}

TEST(Layout, AMicroarrayHasACoreForEveryPunch) {
  // 1024 cells of 10 microns: seven punches of a millimetre a side.
  const auto field = make_layout({1024, 1024}, tissue_labels(), {LayoutKind::tma, 0.4, 10.0, 1});
  std::int64_t cores = 0;
  for (const std::int64_t size : pieces(*field, 5)) cores += size > 1000 ? 1 : 0;
  EXPECT_GE(cores, 35);
  EXPECT_LE(cores, 70);
}

TEST(Layout, HasAsManyPiecesAsItIsAskedFor) {
  for (const LayoutKind kind : {LayoutKind::tissue, LayoutKind::biopsy, LayoutKind::tma}) {
    for (const int count : {1, 3, 7}) {
      std::int64_t large = 0;
      const auto field = make_outline({600, 500}, tissue_labels(), {kind, 0.35, 4.0, 3, count});
      for (const std::int64_t size : pieces(*field, 5)) large += size > 3000 ? 1 : 0;
      EXPECT_GE(large, count) << static_cast<int>(kind);
      EXPECT_LE(large, count + 3) << static_cast<int>(kind);
    }
  }
}

TEST(Layout, AnOutlineHasUnknownTissueAndGlassAndItsFillingKeepsIt) {
  const LabelSet labels = tissue_labels();
  const LayoutOptions options{LayoutKind::tissue, 0.4, 4.0, 2};
  const std::vector<LabelId> outline = cells_of(*make_outline({200, 150}, labels, options));
  const std::vector<LabelId> layout = cells_of(*make_layout({200, 150}, labels, options));
  for (std::size_t i = 0; i < outline.size(); ++i) {
    ASSERT_TRUE(outline[i] == 0 || outline[i] == 5);
    ASSERT_EQ(layout[i] == 5, outline[i] == 5);
  }
}

TEST(Layout, ReadsTheSameCellsByAnyRectangle) {
  const auto field = make_layout({90, 70}, tissue_labels(), {LayoutKind::tissue, 0.4, 4.0, 2});
  const std::vector<LabelId> whole = cells_of(*field);
  for (std::int64_t y = 0; y < 70; y += 10) {
    std::vector<LabelId> part(13 * 10);
    field->read({77, y, 90, y + 10}, part.data());
    for (std::size_t i = 0; i < part.size(); ++i)
      ASSERT_EQ(part[i], whole[static_cast<std::size_t>(y + i / 13) * 90 + 77 + i % 13]);
  }
}

TEST(Layout, RefusesWhatMakesNoSense) {
  const LabelSet labels = tissue_labels();
  EXPECT_EQ(message_of([&] {
              make_layout({9, 9}, labels, {LayoutKind::tissue, 1.5});
            }),
            "the tissue fraction of a layout must be from 0 to 1, got 1.5");
  EXPECT_EQ(message_of([&] {
              make_layout({9, 9}, labels, {LayoutKind::tissue, std::nan("")});
            }),
            "the tissue fraction of a layout must be from 0 to 1, got nan");
  EXPECT_EQ(message_of([&] {
              make_layout({9, 9}, labels, {LayoutKind::tissue, 0.4, 0.0});
            }),
            "microns per cell of a layout must be a positive number, got 0");
  EXPECT_EQ(message_of([&] {
              make_outline({9, 9}, labels, {LayoutKind::tma, 0.4, 4.0, 0, 10'001});
            }),
            "the pieces of a layout must be from 1 to 10000, got 10001");
  const LabelSet bare = LabelSet::parse(R"({"labels": [
      {"id": 0, "name": "unknown", "color": [0, 0, 0]},
      {"id": 5, "name": "glass", "color": [1, 2, 3]}], "unknown": 0, "glass": 5})",
                                        "model.json");
  EXPECT_EQ(message_of([&] {
              make_layout({9, 9}, bare, {});
            }),
            "a layout needs a label of tissue, but the labels are 0 unknown, 5 glass");
}

}  // namespace
}  // namespace histoloom
