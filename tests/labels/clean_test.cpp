#include "histoloom/labels/clean.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "histoloom/core/error.h"

namespace histoloom {
namespace {

using testing::Each;
using testing::ElementsAre;

TEST(LabelsFromValues, AreTheNearestOnes) {
  const float values[] = {0, 0.25f, 0.5f, 0.75f, 1, 0.37f, 0.38f, -3, 2, NAN};
  EXPECT_THAT(labels_from_values(values, {10, 1}, 5).cells(),
              ElementsAre(0, 1, 2, 3, 4, 1, 2, 0, 4, 0));
}

TEST(LabelsFromValues, NeedTwoLabels) {
  const float value = 0;
  try {
    labels_from_values(&value, {1, 1}, 1);
    FAIL();
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(), "a mask needs 2 to 255 labels, got 1");
  }
}

TEST(CleanLabels, KeepsAMaskOfOneLabel) {
  const LabelGrid out = clean_labels(LabelGrid({6, 40}, 3), {7, 5});
  EXPECT_EQ(out.size(), (CellSize{7, 5}));
  EXPECT_THAT(out.cells(), Each(3));
}

TEST(CleanLabels, DropsASpeckAndUnlabelsItsSurroundings) {
  LabelGrid ids({20, 20}, 2);
  ids.at({10, 10}) = 3;
  const LabelGrid out = clean_labels(ids, {15, 15});
  // The speck's cross of borders, 9 to 11, reaches windows that start 5 cells before.
  for (std::int64_t y = 0; y < 15; ++y) {
    for (std::int64_t x = 0; x < 15; ++x) {
      const bool meets_column = x >= 5 && x <= 10 && y >= 4 && y <= 11;
      const bool meets_row = x >= 4 && x <= 11 && y >= 5 && y <= 10;
      EXPECT_EQ(out.at({x, y}), meets_column || meets_row ? 0 : 2) << x << ',' << y;
    }
  }
}

TEST(CleanLabels, TwoRegionsArePartedByUnknown) {
  LabelGrid ids({16, 6}, 1);
  for (std::int64_t y = 0; y < 6; ++y)
    for (std::int64_t x = 8; x < 16; ++x) ids.at({x, y}) = 4;
  // Borders at 7 and 8, seen by windows that start at 2 to 8 of 11.
  EXPECT_THAT(clean_labels(ids, {11, 1}).cells(), ElementsAre(1, 1, 0, 0, 0, 0, 0, 0, 0, 4, 4));
}

TEST(CleanLabels, RefusesAMaskBelowItsWindow) {
  try {
    clean_labels(LabelGrid({5, 40}, 1), {5, 5});
    FAIL();
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(),
                 "a mask of 5 x 40 cells can't be cleaned, it needs at least 6 a side");
  }
}

}  // namespace
}  // namespace histoloom
