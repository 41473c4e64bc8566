#include "total_estimate.h"

#include <algorithm>
#include <utility>

namespace histoloom {

namespace {

constexpr double kLeastSeconds = 1;  // of work that tells of a pace
// The part of a stage after which its own pace counts as much as that of all stages. It halves in
// the first seconds of the stage, goes to a third in twice that time and so on: what is measured for
// minutes outweighs what was expected, even if it is a thousandth of the stage.
constexpr double kOwnPaceAfter = 0.05;
constexpr double kHalfAfterSeconds = 5;

}  // namespace

void TotalEstimate::expect(std::vector<ExpectedStage> stages) {
  double sum = 0;
  for (const ExpectedStage& stage : stages) sum += stage.cost;
  stages_.clear();
  for (ExpectedStage& stage : stages) {
    if (!(sum > 0)) stage.cost = 1;
    Stage added;
    added.expected = std::move(stage);
    stages_.push_back(std::move(added));
  }
  expected_ = !stages_.empty();
  open_ = false;
  current_ = 0;
}

void TotalEstimate::start(std::string_view stage) {
  if (open_) end();
  Stage own;
  own.expected.name = stage;
  if (!expected_) {
    stages_.assign(1, own);
    current_ = 0;
  } else {
    const auto from = stages_.begin() + static_cast<std::ptrdiff_t>(current_);
    auto at =
        std::find_if(from, stages_.end(), [&](const Stage& s) { return s.expected.name == stage; });
    if (at == stages_.end()) {
      own.expected.cost = 0;
      at = stages_.insert(from, own);
    }
    current_ = static_cast<std::size_t>(at - stages_.begin());
  }
  open_ = true;
}

void TotalEstimate::advance(double share, double now) {
  if (!open_) return;
  Stage& stage = stages_[current_];
  stage.share = std::clamp(share, stage.share, 1.0);
  if (!stage.advanced) {
    stage.advanced = true;
    stage.first_share = stage.share;
    stage.first_time = now;
  }
  stage.measured_share = stage.share - stage.first_share;
  stage.seconds = now - stage.first_time;
}

void TotalEstimate::end() {
  if (!open_) return;
  stages_[current_].share = 1;
  ++current_;
  open_ = false;
}

bool TotalEstimate::ends_early() const { return open_ && stages_[current_].expected.ends_early; }

double TotalEstimate::total_cost() const {
  double sum = 0;
  for (const Stage& stage : stages_) sum += stage.expected.cost;
  return sum;
}

double TotalEstimate::share() const {
  if (stages_.empty()) return 0;
  if (current_ == stages_.size()) return 1;
  double done = 0;
  for (std::size_t i = 0; i < current_; ++i) done += stages_[i].expected.cost;
  if (open_) done += stages_[current_].expected.cost * stages_[current_].share;
  // A stage of no cost may still be to come.
  return std::min(done / total_cost(), 0.9999);
}

std::optional<double> TotalEstimate::seconds_left() const {
  if (!stages_.empty() && current_ == stages_.size()) return 0;
  double cost = 0, seconds = 0;
  for (const Stage& stage : stages_) {
    cost += stage.measured_cost();
    seconds += stage.expected.cost > 0 ? stage.seconds : 0;
  }
  if (!(cost > 0) || seconds < kLeastSeconds) return std::nullopt;
  const double pace = seconds / cost;
  double left = 0;
  for (std::size_t i = current_; i < stages_.size(); ++i) {
    const Stage& stage = stages_[i];
    const double prior =
        kOwnPaceAfter * stage.expected.cost / (1 + stage.seconds / kHalfAfterSeconds);
    // A stage that has not begun has measured nothing: its pace is that of all.
    const double own = stage.expected.cost > 0
                           ? (stage.seconds + prior * pace) / (stage.measured_cost() + prior)
                           : 0;
    left += stage.cost_left() * own;
  }
  return left;
}

}  // namespace histoloom
