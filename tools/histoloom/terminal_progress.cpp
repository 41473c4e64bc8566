#include "terminal_progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

namespace histoloom {

namespace {

volatile std::sig_atomic_t stop_flag = 0, working = 0;

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

std::string duration(double seconds) {
  const auto s = static_cast<long>(seconds + 0.5);
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{}:{:02} min", s / 60, s % 60);
  return fmt::format("{}:{:02} h", s / 3600, s / 60 % 60);
}

std::string rate(double value) {
  return value >= 100 ? fmt::format("{:.0f}", value) : fmt::format("{:.1f}", value);
}

}  // namespace

void catch_interrupts() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  if (std::signal(SIGHUP, on_signal) == SIG_IGN) std::signal(SIGHUP, SIG_IGN);
  // A file that outgrows its limit (ulimit -f) is an error of the write, not the end.
  std::signal(SIGXFSZ, SIG_IGN);
}

void let_work_finish() { working = 1; }

TerminalProgress::TerminalProgress(bool quiet, bool verbose)
    : quiet_(quiet), verbose_(verbose), terminal_(isatty(STDERR_FILENO) == 1) {}

TerminalProgress::~TerminalProgress() {
  if (open_ && terminal_ && !quiet_) std::fputc('\n', stderr);
}

void TerminalProgress::start_stage(std::string_view stage, std::int64_t total,
                                   std::string_view unit) {
  finish();
  stage_ = stage;
  unit_ = unit;
  detail_.clear();
  total_ = total;
  done_ = 0;
  first_ = -1;
  start_ = shown_ = Clock::now();
  open_ = true;
  log(fmt::format("{}: {} {}", stage_, total_, unit_));
}

void TerminalProgress::update(std::int64_t done, std::string_view detail) {
  if (!open_) return;
  // A resumed stage starts in the middle; its rate counts from there.
  if (first_ < 0) first_ = done > 0 ? done - 1 : 0;
  done_ = done;
  detail_ = detail;
  const double since = std::chrono::duration<double>(Clock::now() - shown_).count();
  if (since >= (terminal_ ? 0.1 : 10.0)) show(false);
}

void TerminalProgress::finish() {
  if (!open_) return;
  show(true);
  open_ = false;
  log(fmt::format("{}: done in {:.3f} s", stage_,
                  std::chrono::duration<double>(Clock::now() - start_).count()));
}

std::string TerminalProgress::line() const {
  const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  const double speed =
      seconds > 0 ? static_cast<double>(done_ - std::max<std::int64_t>(first_, 0)) / seconds : 0;
  const double share = total_ > 0 ? static_cast<double>(done_) / static_cast<double>(total_) : 1;
  std::string text = fmt::format("{:<22} ", stage_);
  if (terminal_) {
    const int filled = static_cast<int>(share * 24);
    text += fmt::format("[{:=<{}}{:{}}] ", "", filled, "", 24 - filled);
  }
  text += fmt::format("{:3.0f} %  {}/{} {}  {}/s", share * 100, done_, total_, unit_, rate(speed));
  if (!detail_.empty()) text += "  " + detail_;
  if (done_ < total_ && speed > 0)
    text += "  " + duration(static_cast<double>(total_ - done_) / speed) + " left";
  else
    text += "  in " + duration(seconds);
  return text;
}

void TerminalProgress::show(bool last) {
  if (quiet_) return;
  shown_ = Clock::now();
  const std::string text = line();
  // \033[K clears what a longer line left behind.
  if (terminal_)
    fmt::print(stderr, "\r{}\033[K{}", text, last ? "\n" : "");
  else
    fmt::print(stderr, "{}\n", text);
  std::fflush(stderr);
}

void TerminalProgress::warn(std::string_view message) {
  if (open_ && terminal_ && !quiet_) std::fputs("\r\033[K", stderr);
  fmt::print(stderr, "histoloom: warning: {}\n", message);
}

void TerminalProgress::log(std::string_view line) {
  if (!verbose_) return;
  if (open_ && terminal_ && !quiet_) std::fputs("\r\033[K", stderr);
  const double seconds = std::chrono::duration<double>(Clock::now() - first_call_).count();
  fmt::print(stderr, "[{:9.3f} s] {}\n", seconds, line);
}

bool TerminalProgress::stop_requested() const { return stop_flag != 0; }

}  // namespace histoloom
