#include "progress_display.h"

#include <fmt/format.h>

#include <utility>

namespace histoloom {

namespace {

constexpr double kRewrite = 0.5;  // seconds from one rewriting to the next
constexpr double kLogLine = 10;   // seconds from a line of a log to the next

}  // namespace

ProgressDisplay::ProgressDisplay(ProgressForm form, bool verbose, ProgressScreen screen)
    : form_(form), verbose_(verbose), screen_(std::move(screen)) {}

ProgressDisplay::~ProgressDisplay() {
  // What comes after an error belongs on a line of its own.
  if (open_ && form_ == ProgressForm::bar) screen_.write("\n");
}

void ProgressDisplay::expect(const std::function<std::vector<ExpectedStage>()>& stages) {
  if (form_ != ProgressForm::none) estimate_.expect(stages());
}

void ProgressDisplay::start_stage(std::string_view stage, std::int64_t total,
                                  std::string_view unit) {
  finish();
  state_ = {};
  state_.stage = without_controls(stage);
  state_.unit = without_controls(unit);
  state_.total = total;
  first_.reset();
  began_ = screen_.seconds();
  estimate_.start(stage);
  log(fmt::format("{}: {} {}", state_.stage, total, state_.unit));
  open_ = true;
  look(began_);
  if (form_ == ProgressForm::lines)
    shown_ = began_;  // the first comes after ten seconds
  else
    show("start", began_);
}

void ProgressDisplay::update(std::int64_t done, std::string_view detail) {
  if (!open_) return;
  const double now = screen_.seconds();
  state_.done = done;
  state_.detail = without_controls(detail);
  if (state_.total > 0)
    estimate_.advance(static_cast<double>(done) / static_cast<double>(state_.total), now);
  // Where a stage is taken up from an earlier run is told at once.
  const bool taken_up = !first_ && done > 0 && form_ != ProgressForm::lines;
  if (!first_) first_ = {done, now};
  if (!taken_up && now - shown_ < (form_ == ProgressForm::lines ? kLogLine : kRewrite)) return;
  look(now);
  show("progress", now);
}

void ProgressDisplay::finish() {
  if (!open_) return;
  const double now = screen_.seconds();
  if (!estimate_.ends_early()) state_.done = state_.total;
  estimate_.end();
  state_.ended = true;
  look(now);
  show("end", now);
  open_ = false;
  log(fmt::format("{}: done in {:.3f} s", state_.stage, now - began_));
}

void ProgressDisplay::look(double now) {
  state_.share = estimate_.share();
  state_.left = estimate_.seconds_left();
  state_.seconds = now - began_;
  state_.rate.reset();
  if (first_ && now > first_->time && state_.done > first_->done)
    state_.rate = static_cast<double>(state_.done - first_->done) / (now - first_->time);
}

void ProgressDisplay::show(const char* event, double now) {
  shown_ = now;
  switch (form_) {
    case ProgressForm::bar:
      // \033[K clears what a longer line left behind.
      screen_.write(fmt::format("\r{}\033[K{}", terminal_line(state_, screen_.columns()),
                                state_.ended ? "\n" : ""));
      return;
    case ProgressForm::lines:
      screen_.write(log_line(state_) + "\n");
      return;
    case ProgressForm::json:
      screen_.write(json_line(event, state_, now) + "\n");
      return;
    case ProgressForm::none:
      return;
  }
}

void ProgressDisplay::say(const std::string& line) {
  const bool over_bar = open_ && form_ == ProgressForm::bar;
  screen_.write((over_bar ? "\r\033[K" : "") + line + "\n");
}

void ProgressDisplay::warn(std::string_view message) {
  if (form_ == ProgressForm::json)
    say(json_message("warning", message, screen_.seconds()));
  else
    say(fmt::format("histoloom: warning: {}", message));
}

void ProgressDisplay::log(std::string_view line) {
  if (!verbose_) return;
  const double seconds = screen_.seconds();
  if (form_ == ProgressForm::json)
    say(json_message("log", line, seconds));
  else
    say(fmt::format("[{:9.3f} s] {}", seconds, line));
}

}  // namespace histoloom
