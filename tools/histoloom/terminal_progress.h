// Progress on stderr, and the signals that end a run.
#pragma once

#include <string>

#include "progress_display.h"

namespace histoloom {

// Standard error with its clock, its width and the user's wish to stop.
ProgressScreen stderr_screen();
// The form that an option names: plain, json, none; auto is a bar on a terminal, else plain lines.
ProgressForm progress_form(const std::string& name, bool terminal);
bool stderr_is_terminal();
// The columns of the terminal on stderr; if it doesn't say, those that the environment's COLUMNS
// names, else 80.
int terminal_columns();

inline constexpr int kInterrupted = 130;  // exit code

// From now on SIGINT, SIGTERM and SIGHUP (unless it is ignored, as under nohup) end the program with
// a word and the exit code of an interrupted run. A write past the limit on the size of files
// (ulimit -f) is an error and no signal.
void catch_interrupts();
// From now on they wait, until catch_interrupts(), in this program or in one that takes its place.
void hold_interrupts();
// To be called before the first file is written: from now on the signals ask the job to stop, and a
// second one ends the program at once.
void let_work_finish();

}  // namespace histoloom
