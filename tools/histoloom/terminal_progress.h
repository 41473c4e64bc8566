// Progress on stderr: a bar that redraws itself on a terminal, a line now and then elsewhere,
// nothing when quiet. With verbose also a log: a line, with the seconds since the start, for each
// stage, decision and figure.
#pragma once

#include <chrono>
#include <string>

#include "histoloom/core/progress.h"

namespace histoloom {

class TerminalProgress final : public Progress {
 public:
  TerminalProgress(bool quiet, bool verbose);
  ~TerminalProgress() override;
  void start_stage(std::string_view stage, std::int64_t total, std::string_view unit) override;
  void update(std::int64_t done, std::string_view detail) override;
  void finish() override;
  void warn(std::string_view message) override;
  void log(std::string_view line) override;
  bool stop_requested() const override;

 private:
  using Clock = std::chrono::steady_clock;
  void show(bool last);
  std::string line() const;

  bool quiet_, verbose_, terminal_;
  std::string stage_, unit_, detail_;
  std::int64_t total_ = 0, done_ = 0, first_ = -1;
  Clock::time_point start_, shown_, first_call_ = Clock::now();
  bool open_ = false;
};

inline constexpr int kInterrupted = 130;  // exit code

// From now on SIGINT, SIGTERM and SIGHUP (unless it is ignored, as under nohup) end the program with
// a word and the exit code of an interrupted run. A write past the limit on the size of files
// (ulimit -f) is an error and no signal.
void catch_interrupts();
// To be called before the first file is written: from now on the signals ask the job to stop, and a
// second one ends the program at once.
void let_work_finish();

}  // namespace histoloom
