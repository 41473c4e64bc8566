// Progress as a person or a script sees it.
//
//   bar    a line on a terminal that is rewritten; each stage leaves its last line behind
//   lines  a line every ten seconds and at each stage's end, for logs
//   json   a JSON object in a line, for scripts (docs/formats.md)
//   none   nothing but warnings
//
// Bar and JSON come at most twice a second, and where a stage starts, is taken up and ends. The time
// left is that of the whole job (total_estimate.h). In any form a log is added if it is asked for: a
// line, with the seconds since the start, for each stage, decision and figure.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "histoloom/core/progress.h"
#include "progress_line.h"
#include "total_estimate.h"

namespace histoloom {

enum class ProgressForm { bar, lines, json, none };

// What the display writes to and asks; a test hands in its own.
struct ProgressScreen {
  std::function<void(std::string_view)> write;
  std::function<double()> seconds;  // since the program began
  std::function<int()> columns;     // of the terminal, now
  std::function<bool()> stop = [] { return false; };
};

class ProgressDisplay final : public Progress {
 public:
  ProgressDisplay(ProgressForm form, bool verbose, ProgressScreen screen);
  ~ProgressDisplay() override;
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

  void expect(const std::function<std::vector<ExpectedStage>()>& stages) override;
  void start_stage(std::string_view stage, std::int64_t total, std::string_view unit) override;
  void update(std::int64_t done, std::string_view detail) override;
  void finish() override;
  void warn(std::string_view message) override;
  void log(std::string_view line) override;
  bool stop_requested() const override { return screen_.stop(); }

 private:
  // The units done by the first update, and its time: what the speed counts from.
  struct FirstUpdate {
    std::int64_t done;
    double time;
  };
  // Brings the state up to `now`.
  void look(double now);
  void show(const char* event, double now);
  // Writes a line of words, on a terminal in place of the bar.
  void say(const std::string& line);

  ProgressForm form_;
  bool verbose_;
  ProgressScreen screen_;
  TotalEstimate estimate_;
  ProgressState state_;
  std::optional<FirstUpdate> first_;
  double began_ = 0, shown_ = 0;  // of the stage; of what was written last
  bool open_ = false;
};

}  // namespace histoloom
