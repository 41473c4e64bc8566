// The loop on one weight w whose losses are known: the training loss (w − 1)² pulls it up from 0,
// the held-out loss |averaged w − goal| is lowest on the way.
#pragma once

#include <gtest/gtest.h>

#include "histoloom/core/file.h"
#include "loop.h"
#include "stop_at.h"
#include "support/scratch.h"

namespace histoloom {

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
    return train_into(o, weights(o), goal, stop);
  }
  TrainingSummary train_into(const TrainOptions& o, const std::filesystem::path& file, double goal,
                             int stop = -1) {
    weight_ = at::zeros({1}).set_requires_grad(true);
    TrainingLoop loop({"toy", {{"w", weight_}}, file, 1, OptimizerKind::adamw, settings_}, o);
    Losses losses;
    losses.training = [this] {
      // A gradient of infinity, of a loss that is finite.
      if (spoil_gradient_) return (weight_ - weight_.detach()).abs().sqrt().sum();
      return (weight_ - 1 + 0.01 * at::randn({1})).square().sum();
    };
    losses.bundled = [this] { bundled_.push_back(weight_.item<float>()); };
    losses.held_out = [this, goal, &o] {
      if (block_weights_) std::filesystem::create_directories(weights(o) / "x");
      draws_.push_back(at::rand({1}).item<double>());
      EXPECT_FALSE(at::GradMode::is_enabled());
      seen_ = weight_.item<float>();
      return (weight_ - goal).abs().sum();
    };
    if (!with_held_out_) losses.held_out = nullptr;
    StopAt progress(stop);
    const TrainingSummary summary = loop.run(losses, progress);
    if (!progress.details.empty()) detail_ = progress.details.back();
    loop.use_bundled();
    return summary;
  }

  static std::filesystem::path weights(const TrainOptions& o) {
    return o.checkpoint.string() + ".safetensors";
  }
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
  std::vector<float> bundled_;  // the weight whenever the bundle got one
  float seen_ = 0;
  std::vector<double> draws_;
  std::string detail_;
};

}  // namespace histoloom
