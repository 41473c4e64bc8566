#include "histoloom/labels/label_field.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "labels/test_labels.h"

namespace histoloom {
namespace {

using testing::ElementsAre;

TEST(LabelGrid, StartsFilledAndKeepsWhatIsSet) {
  LabelGrid grid({33, 100}, 4);
  EXPECT_EQ(grid.size(), (CellSize{33, 100}));
  EXPECT_EQ(grid.at({32, 99}), 4);
  grid.at({32, 99}) = 2;
  EXPECT_EQ(grid.at({32, 99}), 2);
  EXPECT_EQ(grid.at({31, 99}), 4);
}

TEST(LabelGrid, ReadsRectanglesRowByRow) {
  LabelGrid grid({4, 3}, 0);
  for (std::int64_t y = 0; y < 3; ++y) {
    for (std::int64_t x = 0; x < 4; ++x) grid.at({x, y}) = static_cast<LabelId>(10 * y + x);
  }
  std::vector<LabelId> out(4);
  grid.read({2, 1, 4, 3}, out.data());
  EXPECT_THAT(out, ElementsAre(12, 13, 22, 23));
}

TEST(LabelGrid, ReadingOutsideIsOurBug) {
  const LabelGrid grid({4, 3}, 0);
  LabelId out = 0;
  EXPECT_THROW(grid.read({3, 0, 5, 1}, &out), InternalError);
  EXPECT_THROW(LabelGrid({0, 3}, 0), InternalError);
}

TEST(TissueFraction, IsTheShareOfCellsThatAreNotGlass) {
  LabelGrid grid({5, 2}, 5);
  EXPECT_EQ(tissue_fraction(grid, 5), 0.0);
  grid.at({0, 0}) = 1;
  grid.at({4, 1}) = 0;
  EXPECT_DOUBLE_EQ(tissue_fraction(grid, 5), 0.2);
  EXPECT_EQ(tissue_fraction(grid, 9), 1.0);
}

}  // namespace
}  // namespace histoloom
