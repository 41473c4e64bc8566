// What a line of progress says: on a terminal, in a log, and to a script.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace histoloom {

// Where a job is.
struct ProgressState {
  std::string stage, unit, detail;
  std::int64_t done = 0, total = 0;  // units of the stage
  std::optional<double> rate;        // units a second in this run; missing if it isn't known
  double share = 0;                  // done of the whole job, 0 to 1
  std::optional<double> left;        // seconds that the job still takes; missing if not known
  double seconds = 0;                // since the stage began
  bool ended = false;                // whether the stage has ended
};

// A line of at most `columns` - 1 columns, so that no terminal breaks it: bar and percentage are
// those of the whole job. If there is little room, the speed goes first, then half of the bar, the
// units, the bar and the detail; at last the line is cut.
std::string terminal_line(const ProgressState& state, int columns);
// A line of any length, in which the percentage is the stage's.
std::string log_line(const ProgressState& state);
// A JSON object in a line (docs/formats.md). `event`: start, progress or end; `now`: seconds since
// the program began.
std::string json_line(std::string_view event, const ProgressState& state, double now);
// The same for what is told in words. `event`: warning or log.
std::string json_message(std::string_view event, std::string_view message, double now);

// Columns that a text takes on a terminal, or a few more.
int columns_of(std::string_view text);
// The text with '?' in place of each control character.
std::string without_controls(std::string_view text);

}  // namespace histoloom
