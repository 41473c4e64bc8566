// The loop on one weight w whose losses are known: the training loss (w − 1)² pulls it up from 0,
// the held-out loss |averaged w − goal| is lowest on the way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

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
    TrainingLoop loop({"toy", {{"w", weight_}}, weights(o), 1, OptimizerKind::adamw, settings_}, o);
    Losses losses;
    losses.training = [this] {
      // A gradient of infinity, of a loss that is finite.
      if (spoil_gradient_) return (weight_ - weight_.detach()).abs().sqrt().sum();
      return (weight_ - 1 + 0.01 * at::randn({1})).square().sum();
    };
    losses.kept = [this] { kept_.push_back(weight_.item<float>()); };
    losses.held_out = [this, goal, &o] {
      if (block_weights_) fs::create_directories(weights(o) / "x");
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
  std::vector<TrainingSetting> settings_{{"training images:", "none"}};
  bool with_held_out_ = true, spoil_gradient_ = false;
  bool block_weights_ = false;  // a folder takes their place before the first checkpoint
  std::vector<float> kept_;     // the weight whenever the bundle got one
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
  ASSERT_EQ(kept_.size(), 3u);
  const float averaged = SafetensorsFile(weights(o)).tensor("w").to(at::kFloat).item<float>();
  EXPECT_NEAR(kept_[2], averaged, 1e-3);
  EXPECT_EQ(weight_.item<float>(), kept_[2]);
  kept_.clear();
  o.force = true;
  o.steps = 100;
  o.patience = 3;
  const TrainingSummary end = train(o, 0.25);
  EXPECT_EQ(kept_.size(), static_cast<std::size_t>(end.best_step / 4));
}

// ---- What a checkpoint belongs to

TEST_F(Loop, ACheckpointThatIsThereIsNotReplacedUnasked) {
  TrainOptions o = options("a");
  o.steps = 4;
  train(o, 2);
  const std::string before = read_file(o.checkpoint);
  EXPECT_EQ(message_of([&] { train(o, 2); }),
            "--checkpoint " + o.checkpoint.string() +
                ": exists; go on from it with --resume, or start anew with --force");
  EXPECT_TRUE(read_file(o.checkpoint) == before);
  o.force = true;
  o.seed = 3;
  train(o, 2);
  EXPECT_FALSE(read_file(o.checkpoint) == before);
}

TEST_F(Loop, AResumeWithOtherSettingsIsRefusedByName) {
  TrainOptions o = options("a");
  o.steps = 4;
  train(o, 2);
  o.resume = true;
  const auto refused = [&](const char* what) {
    return o.checkpoint.string() + ": was started with " + what +
           "; go on as it was started, or start anew with --force";
  };
  TrainOptions other = o;
  other.seed = 7;
  EXPECT_EQ(message_of([&] { train(other, 2); }), refused("--seed 0, now 7"));
  other = o;
  other.dtype = DType::float32;
  EXPECT_EQ(message_of([&] { train(other, 2); }), refused("--dtype bfloat16, now float32"));
  other = o;
  other.augment = 0.5;
  EXPECT_EQ(message_of([&] { train(other, 2); }), refused("--augment 0, now 0.5"));
  settings_[0].value = "one";
  EXPECT_EQ(message_of([&] { train(o, 2); }), refused("training images: none, now one"));
}

TEST_F(Loop, TheScheduleMayChangeOnResume) {
  TrainOptions o = options("a");
  o.steps = 4;
  train(o, 2);
  o.resume = true;
  o.steps = 8;
  o.learning_rate = 0.5;
  o.decay_share = 0.5;
  o.checkpoint_every = 3;
  EXPECT_EQ(train(o, 2).steps, 8);
}

TEST_F(Loop, TheLastLossIsThatOfTheLastTenthOfTheStepsThatItTookInTheEnd) {
  TrainOptions o = options("a");
  o.learning_rate = 0.02;
  train(o, 2);  // of which the last ten steps were the last tenth
  o.resume = true;
  o.steps = 120;
  o.checkpoint_every = 12;  // rows 108 and 120
  const double loss = train(o, 2).loss;
  EXPECT_NEAR(loss, log_of(o).back().loss, 1e-5);
}

TEST_F(Loop, WhereItCantWriteIsSaidBeforeTheFirstStep) {
  TrainOptions o = options("a");
  o.checkpoint = scratch_ / "nowhere" / "c.pt";
  EXPECT_EQ(message_of([&] { train(o, 2); }),
            o.checkpoint.string() + ": can't be written: No such file or directory");
  o.checkpoint = scratch_ / "folder";
  fs::create_directory(o.checkpoint);
  EXPECT_EQ(message_of([&] { train(o, 2); }),
            "--checkpoint " + o.checkpoint.string() + ": is a directory; give the name of a file");
  o.checkpoint = scratch_ / "b.pt";
  fs::create_directory(scratch_ / "b.pt.csv");
  EXPECT_EQ(message_of([&] { train(o, 2); }), "--checkpoint " + o.checkpoint.string() + ": " +
                                                  o.checkpoint.string() +
                                                  ".csv is a directory; give another name");
  EXPECT_TRUE(draws_.empty());
}

TEST_F(Loop, FilesOfOthersAreNotReplaced) {
  TrainOptions o = options("picture.png");
  write_bytes(o.checkpoint, "somebody's");
  o.force = true;
  EXPECT_EQ(message_of([&] { train(o, 2); }),
            "--checkpoint " + o.checkpoint.string() +
                ": exists and is no checkpoint of a training; give another name");
  o = options("p");
  const std::string picture = o.checkpoint.string() + ".png";
  const std::string refused = "--checkpoint " + o.checkpoint.string() + ": " + picture +
                              " exists without it and would be replaced; give another name, or "
                              "--force where it is a training's";
  write_bytes(picture, "somebody's");
  EXPECT_EQ(message_of([&] { train(o, 2); }), refused);
  o.force = true;
  EXPECT_EQ(message_of([&] { train(o, 2); }), refused);
  EXPECT_EQ(read_file(picture), "somebody's");
  // Those that an interrupted training left are, of a long one only when asked for.
  const std::string row = "step,loss,held_out_loss,learning_rate,seconds\n4,1,,0.1,1.0\n";
  const std::string log = o.checkpoint.string() + ".csv";
  o.force = false;
  write_bytes(log, row + "8,1,,0.1,2.0\n");
  EXPECT_NE(message_of([&] { train(o, 2); }), "");
  write_bytes(log, row);
  EXPECT_EQ(train(o, 2).steps, 100);
  fs::remove(o.checkpoint);
  o.force = true;
  EXPECT_EQ(train(o, 2).steps, 100);
}

TEST_F(Loop, ADamagedCheckpointIsRefused) {
  TrainOptions o = options("a");
  o.steps = 4;
  train(o, 2);
  o.resume = true;
  std::string bytes = read_file(o.checkpoint);
  const float weight = weight_.item<float>();
  const std::string averaged(reinterpret_cast<const char*>(&weight), sizeof weight);
  const std::size_t place = bytes.find(averaged);
  ASSERT_NE(place, std::string::npos);
  bytes[place] = static_cast<char>(bytes[place] ^ 1);
  write_bytes(o.checkpoint, bytes);
  EXPECT_EQ(message_of([&] { train(o, 2); }),
            o.checkpoint.string() + ": is not a checkpoint of this network, or is damaged");
}

TEST_F(Loop, NothingIsLeftBesideACheckpoint) {
  const TrainOptions o = options("a");
  train(o, 2);
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(scratch_.path()))
    names.push_back(entry.path().filename().string());
  EXPECT_THAT(names, testing::UnorderedElementsAre("a", "a.csv", "a.png", "a.safetensors"));
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
