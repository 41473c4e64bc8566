#include "coarser_labels.h"

#include <gtest/gtest.h>

namespace histoloom {
namespace {

constexpr LabelId kGlass = 3;

// Labels from rows of digits.
LabelGrid grid_of(const std::vector<std::string>& rows) {
  LabelGrid out({static_cast<std::int64_t>(rows[0].size()), static_cast<std::int64_t>(rows.size())},
                0);
  for (std::size_t y = 0; y < rows.size(); ++y)
    for (std::size_t x = 0; x < rows[y].size(); ++x)
      out.at({static_cast<std::int64_t>(x), static_cast<std::int64_t>(y)}) =
          static_cast<LabelId>(rows[y][x] - '0');
  return out;
}

std::vector<LabelId> cells_of_all(const LabelField& field) {
  std::vector<LabelId> out(static_cast<std::size_t>(field.size().area()));
  field.read(CellRect::of(field.size()), out.data());
  return out;
}

TEST(CoarserLabels, TakeWhatMostCellsHave) {
  const LabelGrid slide = grid_of({"1122", "1222", "0033", "2233"});
  EXPECT_EQ(cells_of_all(CoarserLabels(slide, {2, 2}, 2, kGlass)),
            (std::vector<LabelId>{1, 2, 0, kGlass}));
}

TEST(CoarserLabels, GlassCountsOnlyWhereThereIsNothingElse) {
  const LabelGrid slide = grid_of({"3331", "3333", "3333", "3333"});
  EXPECT_EQ(cells_of_all(CoarserLabels(slide, {2, 2}, 2, kGlass)),
            (std::vector<LabelId>{kGlass, 1, kGlass, kGlass}));
  EXPECT_EQ(cells_of_all(CoarserLabels(slide, {1, 1}, 4, std::nullopt)), std::vector<LabelId>{3})
      << "a label like any other";
}

TEST(CoarserLabels, CellsThatEndBetweenCellsTakeBoth) {
  const LabelGrid slide = grid_of({"11222"});
  EXPECT_EQ(cells_of_all(CoarserLabels(slide, {2, 1}, 2.5, kGlass)), (std::vector<LabelId>{1, 2}));
  EXPECT_EQ(cells_of_all(CoarserLabels(slide, {9, 1}, 2.5, kGlass)),
            (std::vector<LabelId>{1, 2, 2, 2, 2, 2, 2, 2, 2}))
      << "beyond the slide lies its border";
}

TEST(CoarserLabels, AreReadByAnyRectangle) {
  LabelGrid slide({37, 23}, 0);
  for (std::int64_t y = 0; y < 23; ++y)
    for (std::int64_t x = 0; x < 37; ++x)
      slide.at({x, y}) = static_cast<LabelId>((x * x / 7 + y * 3) % 4);
  const CoarserLabels coarser(slide, {12, 8}, 3.2, kGlass);
  const std::vector<LabelId> whole = cells_of_all(coarser);
  std::vector<LabelId> part(6);
  coarser.read({5, 3, 8, 5}, part.data());
  for (std::size_t i = 0; i < part.size(); ++i)
    EXPECT_EQ(part[i], whole[(3 + i / 3) * 12 + 5 + i % 3]);
}

}  // namespace
}  // namespace histoloom
