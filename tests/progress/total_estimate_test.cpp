// One estimate for all stages of a job.
#include "total_estimate.h"

#include <gtest/gtest.h>

namespace histoloom {
namespace {

std::vector<ExpectedStage> two_stages(double first, double second) {
  return {{.name = "first", .cost = first}, {.name = "second", .cost = second}};
}

TEST(TotalEstimate, IsThatOfAllStagesTogether) {
  TotalEstimate estimate;
  estimate.expect(two_stages(10, 90));
  estimate.start("first");
  estimate.advance(0, 0);
  estimate.advance(0.5, 10);
  EXPECT_DOUBLE_EQ(estimate.share(), 0.05);
  ASSERT_TRUE(estimate.seconds_left());
  EXPECT_NEAR(*estimate.seconds_left(), 10 + 180, 1e-9);
}

TEST(TotalEstimate, NeverMovesIfTheCostsAreRight) {
  TotalEstimate estimate;
  estimate.expect({{.name = "labels", .cost = 2},
                   {.name = "latents", .cost = 97},
                   {.name = "decoding", .cost = 17}});
  double now = 0;
  for (const auto& [stage, cost] :
       {std::pair{"labels", 2.0}, {"latents", 97.0}, {"decoding", 17.0}}) {
    estimate.start(stage);
    for (int i = 0; i <= 100; ++i) {
      if (i > 0) now += 3 * cost / 100;
      estimate.advance(i / 100.0, now);
      if (now < 1) continue;
      ASSERT_TRUE(estimate.seconds_left()) << stage << i;
      ASSERT_NEAR(now + *estimate.seconds_left(), 3 * 116, 1e-6) << stage << i;
    }
    estimate.end();
  }
  EXPECT_EQ(*estimate.seconds_left(), 0);
}

// The second stage is four times as slow as its cost says.
TEST(TotalEstimate, DoesNotJumpWhereAStageEndsAndFindsTheTruth) {
  TotalEstimate estimate;
  estimate.expect(two_stages(1, 1));
  estimate.start("first");
  estimate.advance(0, 0);
  estimate.advance(1, 10);
  const double before = *estimate.seconds_left();
  EXPECT_NEAR(before, 10, 1e-9);
  estimate.end();
  EXPECT_NEAR(*estimate.seconds_left(), before, 1e-9);
  estimate.start("second");
  EXPECT_NEAR(*estimate.seconds_left(), before, 1e-9);
  estimate.advance(0, 10);
  EXPECT_NEAR(*estimate.seconds_left(), before, 1e-9);
  estimate.advance(0.25, 20);
  EXPECT_NEAR(*estimate.seconds_left(), 30, 3);
  estimate.advance(0.5, 30);
  EXPECT_NEAR(*estimate.seconds_left(), 20, 1);
}

// As little as a training's encoding is beside its steps.
TEST(TotalEstimate, TrustsMinutesOfAStageMoreThanItsCost) {
  TotalEstimate estimate;
  estimate.expect(two_stages(0.05, 1));
  estimate.start("first");
  estimate.advance(0, 0);
  estimate.advance(1, 10);  // says 200 s for the second, which takes 7200
  estimate.start("second");
  estimate.advance(0, 10);
  estimate.advance(120.0 / 7200, 130);
  EXPECT_GT(*estimate.seconds_left(), 5500);
  EXPECT_LT(*estimate.seconds_left(), 7200);
}

TEST(TotalEstimate, OfAResumedJobStartsFromWhatIsDone) {
  TotalEstimate estimate;
  estimate.expect(two_stages(10, 90));
  estimate.start("first");
  estimate.end();  // all of it was done before
  EXPECT_DOUBLE_EQ(estimate.share(), 0.1);
  EXPECT_FALSE(estimate.seconds_left()) << "nothing has been measured";
  estimate.start("second");
  estimate.advance(0.5, 2);
  EXPECT_DOUBLE_EQ(estimate.share(), 0.55);
  EXPECT_FALSE(estimate.seconds_left()) << "an earlier run did the first half";
  estimate.advance(0.6, 11);
  EXPECT_NEAR(*estimate.seconds_left(), 36, 1e-9);
}

TEST(TotalEstimate, IsMissingBeforeThereIsASecondToJudgeBy) {
  TotalEstimate estimate;
  estimate.expect(two_stages(1, 1));
  EXPECT_FALSE(estimate.seconds_left());
  estimate.start("first");
  EXPECT_FALSE(estimate.seconds_left());
  estimate.advance(0, 0);
  estimate.advance(0.1, 0.9);
  EXPECT_FALSE(estimate.seconds_left());
  estimate.advance(0.2, 1.8);
  EXPECT_NEAR(*estimate.seconds_left(), 9 * 1.8, 1e-9);
}

TEST(TotalEstimate, IsWholeOnlyAfterTheLastStage) {
  TotalEstimate estimate;
  estimate.expect(two_stages(1, 1));
  estimate.start("first");
  estimate.end();
  estimate.start("second");
  estimate.advance(1, 5);
  EXPECT_LT(estimate.share(), 1);
  estimate.end();
  EXPECT_EQ(estimate.share(), 1);
}

TEST(TotalEstimate, CountsStagesThatDoNotComeAsDone) {
  TotalEstimate estimate;
  estimate.expect(two_stages(1, 3));
  estimate.start("second");
  EXPECT_DOUBLE_EQ(estimate.share(), 0.25);
}

TEST(TotalEstimate, CountsAStageThatWasNotExpectedAsNothing) {
  TotalEstimate estimate;
  estimate.expect(two_stages(1, 3));
  estimate.start("first");
  estimate.end();
  estimate.start("another");
  estimate.advance(0.5, 100);
  EXPECT_DOUBLE_EQ(estimate.share(), 0.25);
  estimate.end();
  estimate.start("second");
  estimate.advance(0.5, 200);
  EXPECT_DOUBLE_EQ(estimate.share(), 0.25 + 0.375);
}

TEST(TotalEstimate, TakesEachStageForTheJobIfNoneWasExpected) {
  TotalEstimate estimate;
  for (const char* stage : {"one", "two"}) {
    estimate.start(stage);
    EXPECT_EQ(estimate.share(), 0);
    estimate.advance(0, 0);
    estimate.advance(0.25, 10);
    EXPECT_DOUBLE_EQ(estimate.share(), 0.25);
    EXPECT_NEAR(*estimate.seconds_left(), 30, 1e-9);
    estimate.end();
    EXPECT_EQ(estimate.share(), 1);
  }
}

}  // namespace
}  // namespace histoloom
