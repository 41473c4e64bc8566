#include "histoloom/labels/tidy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "histoloom/labels/packed_field.h"
#include "labels/test_labels.h"

namespace histoloom {
namespace {

using testing::ElementsAre;

std::vector<std::string> filled(const std::vector<std::string>& rows) {
  return drawing_of(*without_gaps(owned(grid_of(rows)), tissue_labels()));
}

std::vector<std::string> despeckled(const std::vector<std::string>& rows, std::int64_t smallest) {
  return drawing_of(*without_specks(owned(grid_of(rows)), smallest));
}

TEST(WithoutGaps, UnknownTakesTheNearestTissueAndTheLowestIdOnATie) {
  EXPECT_THAT(filled({"3000001"}), ElementsAre("3331111"));
  EXPECT_THAT(filled({"30", "02"}), ElementsAre("32", "22"));
}

TEST(WithoutGaps, GlassDoesNotSpreadAndNothingElseChanges) {
  EXPECT_THAT(filled({"5003", "5553"}), ElementsAre("5333", "5553"));
  EXPECT_THAT(filled({"5005"}), ElementsAre("5005"));
}

TEST(WithoutGaps, LabelsReachSixteenStepsFarAndAroundCorners) {
  EXPECT_THAT(filled({"1" + std::string(18, '0')}),
              ElementsAre(std::string(17, '1') + std::string(2, '0')));
  EXPECT_THAT(filled({"10", "50", "00"}), ElementsAre("11", "51", "11"));
}

TEST(WithoutSpecks, SmallPiecesTakeTheLabelAroundThem) {
  EXPECT_THAT(despeckled({"11111", "12311", "11211", "11112"}, 3),
              ElementsAre("11111", "11111", "11111", "11111"))
      << "diagonal neighbours are no piece";
  EXPECT_THAT(despeckled({"111", "121", "111"}, 1), ElementsAre("111", "121", "111"));
}

TEST(WithoutSpecks, APieceOfExactlyTheLimitStays) {
  EXPECT_THAT(despeckled({"1111", "1221", "1111"}, 2), ElementsAre("1111", "1221", "1111"));
  EXPECT_THAT(despeckled({"1111", "1221", "1111"}, 3), ElementsAre("1111", "1111", "1111"));
}

TEST(WithoutSpecks, NothingButSpecksStays) {
  EXPECT_THAT(despeckled({"12"}, 5), ElementsAre("12"));
}

TEST(Tidy, IsTheSameByWhateverRectanglesItIsRead) {
  LabelGrid grid = blots({120, 90}, 1, 0.5, 2000);
  for (std::int64_t i = 0; i < 300; ++i) grid.at({i * 37 % 120, i * 53 % 90}) = 0;
  const auto field = without_specks(without_gaps(owned(grid), tissue_labels()), 12);
  const std::vector<LabelId> whole = cells_of(*field);
  for (const std::int64_t side : {1, 7, 40}) {
    for (std::int64_t y = 0; y < 90; y += side) {
      for (std::int64_t x = 0; x < 120; x += side) {
        const CellRect rect = intersect({x, y, x + side, y + side}, CellRect::of({120, 90}));
        std::vector<LabelId> part(static_cast<std::size_t>(rect.area()));
        field->read(rect, part.data());
        for (std::int64_t i = 0; i < rect.area(); ++i)
          ASSERT_EQ(
              part[static_cast<std::size_t>(i)],
              whole[static_cast<std::size_t>((y + i / rect.width()) * 120 + x + i % rect.width())]);
      }
    }
  }
}

TEST(Tidy, SlidesOfAnySizeHaveASmallestPiece) {
  EXPECT_EQ(smallest_piece({8, 8}), 1);
  EXPECT_EQ(smallest_piece({128, 64}), 8);
  EXPECT_EQ(smallest_piece({12'500, 12'500}), 32);
}

TEST(PackedField, HoldsEveryCell) {
  for (const CellSize size : {CellSize{1, 1}, CellSize{1030, 5}, CellSize{7, 1025}}) {
    const LabelGrid grid = blots(size, 4, 0.4, 300);
    const auto packed = packed_field(grid);
    EXPECT_EQ(cells_of(*packed), grid.cells());
    const CellRect part{size.width / 3, size.height / 2, size.width, size.height};
    std::vector<LabelId> a(static_cast<std::size_t>(part.area())), b(a);
    grid.read(part, a.data());
    packed->read(part, b.data());
    EXPECT_EQ(a, b);
  }
}

}  // namespace
}  // namespace histoloom
