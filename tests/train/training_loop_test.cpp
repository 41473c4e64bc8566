// Steps, rates, rows of the log, patience and resumes of the loop that all trainings share.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "histoloom/weights/safetensors.h"
#include "train/test_loop.h"

namespace histoloom {
namespace {

namespace fs = std::filesystem;

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

TEST_F(Loop, TheRateWarmsUpAndFallsAsACosine) {
  TrainOptions o = options("a");
  o.steps = 400;
  o.learning_rate = 0.01;
  o.decay_share = 0.25;
  o.checkpoint_every = 50;
  train(o, 2);
  const std::vector<LogRow> rows = log_of(o);
  const auto rate = [&](std::size_t row) { return rows[row - 1].learning_rate; };
  EXPECT_NEAR(rate(1), 0.0025, 1e-7);  // 50 of 200 steps of warm-up
  EXPECT_NEAR(rate(4), 0.01, 1e-7);
  EXPECT_NEAR(rate(6), 0.01, 1e-7);  // step 299: the fall begins after it
  EXPECT_NEAR(rate(7), 0.01 * 0.5 * (1 + std::cos(M_PI * 0.49)), 1e-7);
  EXPECT_NEAR(rate(8), 0.01 * 0.5 * (1 + std::cos(M_PI * 0.99)), 1e-7);
}

TEST_F(Loop, TheHeldOutLossIsThatOfTheAveragedWeightsOnTheSameDraws) {
  TrainOptions o = options("a");
  o.steps = 8;
  train(o, 2);
  // Eight batches a checkpoint, each with draws of its own, the same at both checkpoints.
  ASSERT_EQ(draws_.size(), 16u);
  EXPECT_NE(draws_[0], draws_[1]);
  EXPECT_TRUE(std::equal(draws_.begin(), draws_.begin() + 8, draws_.begin() + 8));
  const float kept = read_tensor(SafetensorsFile(weights(o)), "w").to(at::kFloat).item<float>();
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
  const std::string bundled = read_file(weights(broken));
  broken.resume = true;
  EXPECT_NE(message_of<Interrupted>([&] { train(broken, 2, 22); }), "");
  // As if killed before the later ones were renamed, and their weights after them.
  write_bytes(broken.checkpoint, checkpoint);
  write_bytes(weights(broken), bundled);
  train(broken, 2);
  EXPECT_EQ(log_of(broken), log_of(whole));
}

TEST_F(Loop, WhatEndsBeforeTheBundleGotItsFirstWeightsGoesOnFromTheCheckpoint) {
  const TrainOptions whole = options("whole");
  TrainOptions broken = options("broken");
  train(whole, 2);
  block_weights_ = true;
  EXPECT_NE(message_of([&] { train(broken, 2); }), "");
  EXPECT_TRUE(fs::exists(broken.checkpoint));
  block_weights_ = false;
  fs::remove_all(weights(broken));
  broken.resume = true;
  broken.stop_after = 4;  // of which the checkpoint is
  train(broken, 2);
  EXPECT_TRUE(fs::is_regular_file(weights(broken)));
  broken.stop_after = 0;
  train(broken, 2);
  EXPECT_EQ(log_of(broken), log_of(whole));
  EXPECT_TRUE(read_file(weights(broken)) == read_file(weights(whole)));
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
  const float kept = read_tensor(SafetensorsFile(weights(o)), "w").to(at::kFloat).item<float>();
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
  const TrainingSummary expected = train(whole, 0.25);
  TrainOptions part = options("part");
  part.stop_after = 30;  // no multiple of the steps between checkpoints
  const TrainingSummary end = train(part, 0.25);
  EXPECT_EQ(end.end, TrainingEnd::stop_after);
  EXPECT_EQ(end.steps, 30);
  EXPECT_GT(end.loss, 0);
  const std::vector<LogRow> rows = log_of(part);
  ASSERT_EQ(rows.size(), 7u);
  for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(rows[i], log_of(whole)[i]);
  part.resume = true;
  EXPECT_EQ(train(part, 0.25).steps, 30) << "there is nothing left to do";
  part.stop_after = 0;
  EXPECT_EQ(train(part, 0.25).end, TrainingEnd::last_step);
  EXPECT_TRUE(read_file(weights(part)) == read_file(weights(whole)));
  EXPECT_EQ(log_of(part), log_of(whole));
  EXPECT_EQ(train(part, 0.25).loss, expected.loss) << "of a training that is done";
}

TEST_F(Loop, StoppingBetweenCheckpointsTakesNoPatience) {
  TrainOptions whole = options("whole"), part = options("part");
  whole.patience = part.patience = 3;
  const TrainingSummary expected = train(whole, 0.25);
  for (int stop = 3; stop < expected.steps; stop += 3) {
    part.stop_after = stop;
    train(part, 0.25);
    part.resume = true;
  }
  part.stop_after = 0;
  const TrainingSummary end = train(part, 0.25);
  EXPECT_EQ(end.steps, expected.steps);
  EXPECT_EQ(end.best_step, expected.best_step);
  EXPECT_EQ(log_of(part), log_of(whole));
}

TEST_F(Loop, TheLastLossIsThatOfAnUnbrokenTraining) {
  const double expected = train(options("whole"), 2).loss;
  TrainOptions broken = options("broken");
  EXPECT_NE(message_of<Interrupted>([&] { train(broken, 2, 95); }), "");  // in the last tenth
  broken.resume = true;
  EXPECT_EQ(train(broken, 2).loss, expected);
}

TEST_F(Loop, ItSaysWhenTheBundleGotWeights) {
  TrainOptions o = options("a");
  o.steps = 10;
  train(o, 2);
  ASSERT_EQ(bundled_.size(), 3u);
  const float averaged = read_tensor(SafetensorsFile(weights(o)), "w").to(at::kFloat).item<float>();
  EXPECT_NEAR(bundled_[2], averaged, 1e-3);
  EXPECT_EQ(weight_.item<float>(), bundled_[2]);
  bundled_.clear();
  o.force = true;
  o.steps = 100;
  o.patience = 3;
  const TrainingSummary end = train(o, 0.25);
  EXPECT_EQ(bundled_.size(), static_cast<std::size_t>(end.best_step / 4));
}

// ---- What can't go on

TEST_F(Loop, AGradientThatIsNotFiniteIsNamedBeforeItReachesTheWeights) {
  TrainOptions o = options("a");
  o.steps = 4;
  train(o, 2);
  const std::string before = read_file(o.checkpoint);
  o.resume = spoil_gradient_ = true;
  o.steps = 8;
  EXPECT_EQ(message_of([&] { train(o, 2); }),
            "training toy: the gradient at step 4 is not finite; lower --learning-rate (now 1) and "
            "resume from the last checkpoint");
  EXPECT_TRUE(at::isfinite(weight_).all().item<bool>());
  EXPECT_TRUE(read_file(o.checkpoint) == before);
}

TEST_F(Loop, AHeldOutLossThatIsNotFiniteIsNamed) {
  EXPECT_EQ(message_of([&] { train(options("a"), std::nan("")); }),
            "training toy: the held-out loss at step 4 is not finite; lower --learning-rate (now "
            "1) and resume from the last checkpoint");
}

}  // namespace
}  // namespace histoloom
