// Stops a training at a step, and keeps what it said on the way.
#pragma once

#include <string>
#include <vector>

#include "histoloom/core/progress.h"

namespace histoloom {

class StopAt final : public Progress {
 public:
  // Of the training's own steps, not of images that are encoded before; -1: never.
  explicit StopAt(std::int64_t step = -1) : step_(step) {}
  void start_stage(std::string_view stage, std::int64_t, std::string_view) override {
    training_ = stage.starts_with("training");
  }
  void update(std::int64_t done, std::string_view detail) override {
    if (!training_) return;
    done_ = done;
    details.emplace_back(detail);
  }
  void finish() override { training_ = false; }
  void warn(std::string_view) override {}
  bool stop_requested() const override { return done_ == step_; }

  std::vector<std::string> details;

 private:
  std::int64_t step_, done_ = 0;
  bool training_ = false;
};

}  // namespace histoloom
