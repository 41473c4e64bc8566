#include "histoloom/labels/cell_votes.h"

#include <gtest/gtest.h>

namespace histoloom {
namespace {

TEST(CellVotes, TakeWhatMostPixelsHaveAndOnATieTheLowestKnown) {
  const LabelSet labels = LabelSet::parse(
      R"({"labels": [{"id": 0, "name": "unknown", "color": [0, 0, 0]},
                     {"id": 3, "name": "b", "color": [0, 0, 1]},
                     {"id": 1, "name": "a", "color": [0, 1, 0]}], "unknown": 0})",
      "model.json");
  CellVotes votes(3, labels);
  votes.add(0, 3, 10);
  votes.add(0, 1, 9);
  votes.add(1, 3, 5);
  votes.add(1, 1, 5);
  votes.add(2, 0, 5);
  votes.add(2, 3, 5);
  EXPECT_EQ(votes.take_winner(0), 3);
  EXPECT_EQ(votes.take_winner(1), 1);
  EXPECT_EQ(votes.take_winner(2), 3) << "unknown loses";
  votes.add(0, 1, 1);
  EXPECT_EQ(votes.take_winner(0), 1) << "forgets what was taken";
}

}  // namespace
}  // namespace histoloom
