// The loop on one weight w whose losses are known: the training loss (w − 1)² pulls it up from 0,
// the held-out loss |averaged w − goal| is lowest on the way.
#include <gtest/gtest.h>

#include <algorithm>

#include "histoloom/core/file.h"
#include "histoloom/model/safetensors.h"
#include "loop.h"
#include "support/scratch.h"

namespace histoloom {
namespace {

namespace fs = std::filesystem;

class StopAt final : public Progress {
 public:
  explicit StopAt(std::int64_t step) : step_(step) {}
  void start_stage(std::string_view, std::int64_t, std::string_view) override {}
  void finish() override {}
  void warn(std::string_view) override {}
  void update(std::int64_t done, std::string_view text) override {
    done_ = done;
    detail = text;
  }
  bool stop_requested() const override { return done_ == step_; }

  std::string detail;

 private:
  std::int64_t step_, done_ = 0;
};

class Loop : public testing::Test {
 protected:
  TrainOptions options(const char* name) {
    TrainOptions o;
    o.checkpoint = scratch_ / name;
    o.steps = 100;
    o.learning_rate = 1;  // warm-up makes 0.005 to 0.5 of it
    o.ema = 0.5;
    o.decay_share = 0;
    o.checkpoint_every = 4;
    return o;
  }

  // Trains a new weight until `stop`, where it is not negative.
  TrainingSummary train(const TrainOptions& o, double goal, int stop = -1) {
    weight_ = at::zeros({1}).set_requires_grad(true);
    TrainingLoop loop("toy", {{"w", weight_}}, o, weights(o));
    Losses losses;
    losses.training = [this] { return (weight_ - 1 + 0.01 * at::randn({1})).square().sum(); };
    losses.held_out = [this, goal] {
      draws_.push_back(at::rand({1}).item<double>());
      EXPECT_FALSE(at::GradMode::is_enabled());
      seen_ = weight_.item<float>();
      return (weight_ - goal).abs().sum();
    };
    if (!with_held_out_) losses.held_out = nullptr;
    StopAt progress(stop);
    const TrainingSummary summary = loop.run(losses, progress);
    detail_ = progress.detail;
    loop.use_kept();
    return summary;
  }

  static fs::path weights(const TrainOptions& o) { return o.checkpoint.string() + ".safetensors"; }
  static std::vector<LogRow> log_of(const TrainOptions& o) {
    TrainingLog log(o.checkpoint.string() + ".csv");
    log.resume(o.steps);
    std::vector<LogRow> rows = log.rows();
    for (LogRow& row : rows) row.seconds = 0;
    return rows;
  }

  ScratchDirectory scratch_;
  at::Tensor weight_;
  bool with_held_out_ = true;
  float seen_ = 0;
  std::vector<double> draws_;
  std::string detail_;
};

TEST_F(Loop, EveryCheckpointHasARowAndSoHasTheEnd) {
  TrainOptions o = options("a");
  o.steps = 10;
  train(o, 2);
  const std::vector<LogRow> rows = log_of(o);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].step, 4);
  EXPECT_EQ(rows[1].step, 8);
  EXPECT_EQ(rows[2].step, 10);
  EXPECT_DOUBLE_EQ(rows[1].learning_rate, 0.04);  // step 7 of 200 of warm-up
  EXPECT_GT(rows[0].loss, rows[1].loss);
  EXPECT_NEAR(*rows[2].held_out_loss, 2 - seen_, 1e-5);
}

TEST_F(Loop, TheHeldOutLossIsThatOfTheAveragedWeightsOnTheSameDraws) {
  TrainOptions o = options("a");
  o.steps = 8;
  train(o, 2);
  // Eight batches a checkpoint, each with draws of its own, the same at both checkpoints.
  ASSERT_EQ(draws_.size(), 16u);
  EXPECT_NE(draws_[0], draws_[1]);
  EXPECT_TRUE(std::equal(draws_.begin(), draws_.begin() + 8, draws_.begin() + 8));
  const float kept = SafetensorsFile(weights(o)).tensor("w").to(at::kFloat).item<float>();
  EXPECT_NEAR(seen_, kept, 1e-3);
  EXPECT_NE(detail_.find(", held out "), std::string::npos);
}

TEST_F(Loop, MeasuringChangesNothing) {
  const TrainOptions measured = options("a"), plain = options("b");
  train(measured, 2);
  const float expected = weight_.item<float>();
  with_held_out_ = false;
  train(plain, 2);
  EXPECT_EQ(weight_.item<float>(), expected);
  EXPECT_FALSE(log_of(plain).back().held_out_loss.has_value());
}

TEST_F(Loop, TheLogOfAStoppedTrainingIsThatOfAnUnbrokenOne) {
  const TrainOptions whole = options("whole");
  TrainOptions broken = options("broken");
  train(whole, 2);
  for (const int stop : {6, 16, 41}) {
    EXPECT_NE(message_of<Interrupted>([&] { train(broken, 2, stop); }), "");
    broken.resume = true;
  }
  train(broken, 2);
  EXPECT_EQ(log_of(broken), log_of(whole));
}

TEST_F(Loop, AKilledTrainingDropsTheRowsItRepeats) {
  const TrainOptions whole = options("whole");
  TrainOptions broken = options("broken");
  train(whole, 2);
  EXPECT_NE(message_of<Interrupted>([&] { train(broken, 2, 8); }), "");
  const std::string checkpoint = read_file(broken.checkpoint);
  broken.resume = true;
  EXPECT_NE(message_of<Interrupted>([&] { train(broken, 2, 22); }), "");
  write_bytes(broken.checkpoint, checkpoint);  // as if killed before the later ones were renamed
  train(broken, 2);
  EXPECT_EQ(log_of(broken), log_of(whole));
}

TEST_F(Loop, ItStopsWhenPatienceIsAtAnEndAndKeepsTheBest) {
  TrainOptions o = options("a");
  o.patience = 3;
  const TrainingSummary end = train(o, 0.25);
  EXPECT_EQ(end.end, TrainingEnd::no_patience);
  EXPECT_LT(end.steps, 100);
  EXPECT_EQ(end.steps, end.best_step + 3 * o.checkpoint_every);
  const std::vector<LogRow> rows = log_of(o);
  const auto best = std::min_element(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return a.held_out_loss < b.held_out_loss;
  });
  EXPECT_EQ(best->step, end.best_step);
  EXPECT_NEAR(end.loss, rows.back().loss, 1e-5);
  // The bundle and the network have the weights of that checkpoint, in half precision.
  const float kept = SafetensorsFile(weights(o)).tensor("w").to(at::kFloat).item<float>();
  EXPECT_NEAR(std::abs(static_cast<double>(kept) - 0.25), *best->held_out_loss, 1e-3);
  EXPECT_EQ(weight_.item<float>(), kept);
}

TEST_F(Loop, PatienceSurvivesAResume) {
  TrainOptions whole = options("whole"), broken = options("broken");
  whole.patience = broken.patience = 3;
  const TrainingSummary expected = train(whole, 0.25);
  for (const int stop : {expected.best_step - 2, expected.best_step + 5}) {
    EXPECT_NE(message_of<Interrupted>([&] { train(broken, 0.25, stop); }), "");
    broken.resume = true;
  }
  const TrainingSummary end = train(broken, 0.25);
  EXPECT_EQ(end.steps, expected.steps);
  EXPECT_EQ(end.best_step, expected.best_step);
  EXPECT_TRUE(read_file(weights(broken)) == read_file(weights(whole)));
  // Resumed once more it has nothing to do.
  EXPECT_EQ(train(broken, 0.25).steps, expected.steps);
  EXPECT_EQ(log_of(broken), log_of(whole));
}

TEST_F(Loop, WithoutPatienceItTakesAllStepsAndKeepsTheLast) {
  const TrainOptions o = options("a");
  const TrainingSummary end = train(o, 0.25);
  EXPECT_EQ(end.end, TrainingEnd::last_step);
  EXPECT_EQ(end.steps, 100);
  EXPECT_EQ(end.best_step, 100);
}

TEST_F(Loop, ARunThatEndsWhenAskedIsTheStartOfTheWholeOne) {
  const TrainOptions whole = options("whole");
  train(whole, 0.25);
  TrainOptions part = options("part");
  part.stop_after = 30;  // no multiple of the steps between checkpoints
  const TrainingSummary end = train(part, 0.25);
  EXPECT_EQ(end.end, TrainingEnd::stop_after);
  EXPECT_EQ(end.steps, 30);
  const std::vector<LogRow> rows = log_of(part);
  ASSERT_EQ(rows.back().step, 30);
  EXPECT_NEAR(end.loss, rows.back().loss, 1e-5);
  EXPECT_EQ(rows[rows.size() - 2], log_of(whole)[rows.size() - 2]);
  part.resume = true;
  EXPECT_EQ(train(part, 0.25).steps, 30) << "there is nothing left to do";
  part.stop_after = 0;
  EXPECT_EQ(train(part, 0.25).end, TrainingEnd::last_step);
  EXPECT_TRUE(read_file(weights(part)) == read_file(weights(whole)));
}

TEST_F(Loop, AHeldOutLossThatIsNotFiniteIsNamed) {
  EXPECT_EQ(message_of([&] { train(options("a"), std::nan("")); }),
            "training toy: the held-out loss at step 4 is not finite; lower --learning-rate (now "
            "1) and resume from the last checkpoint");
}

}  // namespace
}  // namespace histoloom
