// Weights that a training made, and those of others in their place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "histoloom/weights/safetensors.h"
#include "train/test_loop.h"

namespace histoloom {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kForeign = "somebody's";

std::string not_own(const fs::path& weights) {
  return weights.string() +
         ": holds weights that this training did not make; train a copy of the bundle, or replace "
         "them with --force";
}

TEST_F(Loop, WeightsOfOthersAreNotReplacedUnasked) {
  TrainOptions o = options("a");
  write_bytes(weights(o), kForeign);
  EXPECT_EQ(message_of([&] { train(o, 2); }), not_own(weights(o)));
  EXPECT_EQ(read_file(weights(o)), kForeign);
  EXPECT_TRUE(draws_.empty()) << "it had begun";
  EXPECT_THAT(scratch_.files(), testing::ElementsAre("a.safetensors"));
  o.force = true;
  EXPECT_EQ(train(o, 2).steps, 100);
  EXPECT_NE(read_file(weights(o)), kForeign);
}

TEST_F(Loop, AResumeReplacesItsOwnWeightsAndNoOthers) {
  TrainOptions o = options("a");
  o.stop_after = 6;
  train(o, 2);
  o.resume = true;
  o.stop_after = 10;
  EXPECT_EQ(train(o, 2).steps, 10);
  o.stop_after = 0;
  write_bytes(weights(o), kForeign);
  EXPECT_EQ(message_of([&] { train(o, 2); }), not_own(weights(o)));
  EXPECT_EQ(read_file(weights(o)), kForeign);
  o.force = true;
  EXPECT_EQ(train(o, 2).steps, 100);
  EXPECT_EQ(SafetensorsFile(weights(o)).names(), std::vector<std::string>{"w"});
}

TEST_F(Loop, AForcedResumeAtTheEndPutsItsWeightsBack) {
  TrainOptions o = options("a");
  train(o, 2);
  const std::string own = read_file(weights(o));
  write_bytes(weights(o), kForeign);
  o.resume = o.force = true;
  train(o, 2);
  EXPECT_TRUE(read_file(weights(o)) == own);
}

TEST_F(Loop, ATrainingThatIsDoneLeavesWeightsOfOthersWhereTheyAre) {
  TrainOptions o = options("a");
  train(o, 2);
  bundled_.clear();
  write_bytes(weights(o), kForeign);
  o.resume = true;
  EXPECT_EQ(train(o, 2).steps, 100);
  EXPECT_EQ(read_file(weights(o)), kForeign);
  EXPECT_TRUE(bundled_.empty());
}

TEST_F(Loop, WeightsThatWereToBeReplacedWhenItWasKilledAreItsOwn) {
  const TrainOptions whole = options("whole");
  train(whole, 2);
  TrainOptions broken = options("broken");
  broken.stop_after = 4;
  train(broken, 2);
  const std::string fourth = read_file(weights(broken));
  broken.resume = true;
  broken.stop_after = 8;
  train(broken, 2);
  const std::string eighth = read_file(weights(broken));
  // As if killed between the checkpoint of step 8 and its weights.
  write_bytes(weights(broken), fourth);
  train(broken, 2);
  EXPECT_TRUE(read_file(weights(broken)) == eighth);
  broken.stop_after = 0;
  train(broken, 2);
  EXPECT_TRUE(read_file(weights(broken)) == read_file(weights(whole)));
}

TEST_F(Loop, ForcedWeightsThatAFirstCheckpointWasToReplaceAreItsOwn) {
  TrainOptions o = options("a");
  write_bytes(weights(o), kForeign);
  o.force = true;
  o.stop_after = 4;
  train(o, 2);
  const std::string first = read_file(weights(o));
  // As if killed between the first checkpoint and its weights.
  write_bytes(weights(o), kForeign);
  o.force = false;
  o.resume = true;
  train(o, 2);
  EXPECT_TRUE(read_file(weights(o)) == first);
}

}  // namespace
}  // namespace histoloom
