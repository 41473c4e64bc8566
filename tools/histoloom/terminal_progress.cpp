#include "terminal_progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace histoloom {

namespace {

volatile std::sig_atomic_t stop_flag = 0, working = 0;

constexpr int kUsualColumns = 80;
constexpr long kMostColumns = 10'000;

constexpr std::string_view kNothingDone = "histoloom: interrupted before any work\n";

extern "C" void on_signal(int signal) {
  if (working == 0) {
    // The only calls that are safe here; if nobody reads stderr, the code says it.
    [[maybe_unused]] const auto written =
        write(STDERR_FILENO, kNothingDone.data(), kNothingDone.size());
    _exit(kInterrupted);
  }
  if (stop_flag != 0) _exit(128 + signal);
  stop_flag = 1;
}

sigset_t interrupts() {
  sigset_t out;
  sigemptyset(&out);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&out, signal);
  return out;
}

}  // namespace

void catch_interrupts() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  if (std::signal(SIGHUP, on_signal) == SIG_IGN) std::signal(SIGHUP, SIG_IGN);
  // A file that outgrows its limit (ulimit -f) is an error of the write, not the end.
  std::signal(SIGXFSZ, SIG_IGN);
  const sigset_t signals = interrupts();
  sigprocmask(SIG_UNBLOCK, &signals, nullptr);
}

void hold_interrupts() {
  const sigset_t signals = interrupts();
  sigprocmask(SIG_BLOCK, &signals, nullptr);
}

void let_work_finish() { working = 1; }

ProgressScreen stderr_screen() {
  const auto began = std::chrono::steady_clock::now();
  return {.write =
              [](std::string_view text) {
                std::fwrite(text.data(), 1, text.size(), stderr);
                std::fflush(stderr);
              },
          .seconds =
              [began] {
                const auto now = std::chrono::steady_clock::now();
                return std::chrono::duration<double>(now - began).count();
              },
          .columns = terminal_columns,
          .stop = [] { return stop_flag != 0; }};
}

bool stderr_is_terminal() { return isatty(STDERR_FILENO) == 1; }

int terminal_columns() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const char* text = std::getenv("COLUMNS");
  const long columns = text != nullptr ? std::strtol(text, nullptr, 10) : 0;
  return columns > 0 && columns <= kMostColumns ? static_cast<int>(columns) : kUsualColumns;
}

ProgressForm progress_form(const std::string& name, bool terminal) {
  if (name == "json") return ProgressForm::json;
  if (name == "none") return ProgressForm::none;
  return name == "auto" && terminal ? ProgressForm::bar : ProgressForm::lines;
}

}  // namespace histoloom
