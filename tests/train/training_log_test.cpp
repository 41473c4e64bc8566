#include "training_log.h"

#include <gtest/gtest.h>

#include "best_checkpoint.h"
#include "histoloom/core/file.h"
#include "support/scratch.h"

namespace histoloom {
namespace {

class Log : public testing::Test {
 protected:
  std::string refusal(const std::string& text) {
    write_bytes(path_, text);
    TrainingLog log(path_);
    return message_of([&] { log.resume(100); });
  }

  ScratchDirectory scratch_;
  std::filesystem::path path_ = scratch_ / "a.ckpt.csv";
};

const std::string kHeader = "step,loss,held_out_loss,learning_rate,seconds\n";

TEST_F(Log, RowsAreWrittenWithSixDigits) {
  TrainingLog log(path_);
  EXPECT_FALSE(std::filesystem::exists(path_));
  log.append({500, 0.41273849, 0.42551351, 4e-4, 193.21});
  log.append({1000, 1.0 / 3, std::nullopt, 1e-12, 1e6});
  EXPECT_EQ(read_file(path_),
            kHeader + "500,0.412738,0.425514,0.0004,193.2\n1000,0.333333,,1e-12,1000000.0\n");
}

TEST_F(Log, AResumeDropsLaterRowsAndGoesOn) {
  TrainingLog log(path_);
  for (const int step : {5, 10, 15}) log.append({step, 1.0 / step, 0.1, 1e-3, 2.0 * step});
  const std::string whole = read_file(path_);
  TrainingLog resumed(path_);
  resumed.resume(12);
  ASSERT_EQ(resumed.rows().size(), 2u);
  EXPECT_EQ(resumed.rows()[1], (LogRow{10, 0.1, 0.1, 1e-3, 20}));
  resumed.append({15, 1.0 / 15, 0.1, 1e-3, 30});
  EXPECT_EQ(read_file(path_), whole);
}

TEST_F(Log, AMissingLogStartsAnew) {
  TrainingLog log(path_);
  log.resume(12);
  EXPECT_TRUE(log.rows().empty());
  log.append({15, 0.5, {}, 0.25, 0});
  EXPECT_EQ(read_file(path_), kHeader + "15,0.5,,0.25,0.0\n");
}

TEST_F(Log, AnythingElseIsRefusedByItsLine) {
  const auto message = [this](int line) {
    return path_.string() + ": line " + std::to_string(line) +
           " is not one of a training's log; move the file away to go on";
  };
  EXPECT_EQ(refusal(""), message(1));
  EXPECT_EQ(refusal("step,loss\n1,2\n"), message(1));
  EXPECT_EQ(refusal(kHeader + "5,1,1,1,1\n\n"), message(3));
  EXPECT_EQ(refusal(kHeader + "5,1,1,1\n"), message(2));
  EXPECT_EQ(refusal(kHeader + "5,1,1,1,1,1\n"), message(2));
  EXPECT_EQ(refusal(kHeader + "5.5,1,1,1,1\n"), message(2));
  EXPECT_EQ(refusal(kHeader + "5,,1,1,1\n"), message(2));
  EXPECT_EQ(refusal(kHeader + "5,1,x,1,1\n"), message(2));
  EXPECT_EQ(refusal(kHeader + "5,1,1,1,1\n5,1,1,1,1\n"), message(3));
  EXPECT_EQ(refusal(kHeader + "500,1,1,1,1\nrubbish\n"), message(3));
  EXPECT_EQ(refusal(kHeader), "");
}

TEST(BestCheckpoint, CountsCheckpointsWithoutALowerLoss) {
  BestCheckpoint best;
  EXPECT_TRUE(best.observe(5, 0.5));
  EXPECT_FALSE(best.observe(10, 0.5));  // equal is not lower
  EXPECT_FALSE(best.given_up(2));
  EXPECT_FALSE(best.observe(15, 0.6));
  EXPECT_TRUE(best.given_up(2));
  EXPECT_FALSE(best.given_up(3));
  EXPECT_FALSE(best.given_up(0));
  EXPECT_TRUE(best.observe(20, 0.4));
  EXPECT_FALSE(best.given_up(1));
  EXPECT_EQ(best.step, 20);
  EXPECT_EQ(best.loss, 0.4);
}

}  // namespace
}  // namespace histoloom
