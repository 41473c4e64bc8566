#include "progress_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "histoloom/vocabulary/json_text.h"

namespace histoloom {

namespace {

// What a line has room for, the richest first.
struct LineParts {
  int bar;  // columns between its brackets; 0: no bar
  bool units, rate, detail;
};
constexpr std::array<LineParts, 7> kLines = {{{24, true, true, true},
                                              {24, true, false, true},
                                              {12, true, false, true},
                                              {12, false, false, true},
                                              {0, false, false, true},
                                              {12, false, false, false},
                                              {0, false, false, false}}};

std::string time_of(double seconds) {
  const auto s = static_cast<long>(seconds + 0.5);
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{}:{:02} min", s / 60, s % 60);
  return fmt::format("{}:{:02} h", s / 3600, s / 60 % 60);
}

std::string bar_of(double share, int width) {
  const int filled = std::clamp(static_cast<int>(share * width), 0, width);
  return fmt::format("[{:=<{}}{:{}}]", "", filled, "", width - filled);
}

// 100 only if it is whole; 29 of 100 are no 28.99 %.
int percent_of(double share) { return static_cast<int>(std::floor(100 * share + 1e-9)); }

double share_of_stage(const ProgressState& s) {
  if (s.total <= 0) return 1;
  return std::clamp(static_cast<double>(s.done) / static_cast<double>(s.total), 0.0, 1.0);
}

// What stands behind the percentage.
std::string tail_of(const ProgressState& s, const LineParts& parts) {
  std::string text;
  if (parts.units) text += fmt::format("  {}/{} {}", s.done, s.total, s.unit);
  if (parts.rate && s.rate)
    text +=
        *s.rate >= 100 ? fmt::format("  {:.0f}/s", *s.rate) : fmt::format("  {:.1f}/s", *s.rate);
  if (parts.detail && !s.detail.empty()) text += "  " + s.detail;
  if (s.ended)
    text += "  in " + time_of(s.seconds);
  else if (s.left)
    text += "  " + time_of(*s.left) + " left";
  return text;
}

double to_part(double value, double parts) { return std::round(value * parts) / parts; }

}  // namespace

int columns_of(std::string_view text) {
  int columns = 0, following = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) == 0x80 && following > 0) {
      --following;  // of a character that is counted
      continue;
    }
    following = byte >= 0xF0 ? 3 : byte >= 0xE0 ? 2 : byte >= 0xC0 ? 1 : 0;
    // Characters of three and four bytes may be as wide as two letters.
    columns += byte >= 0xE0 ? 2 : 1;
  }
  return columns;
}

std::string without_controls(std::string_view text) {
  std::string out(text);
  std::replace_if(
      out.begin(), out.end(), [](unsigned char c) { return c < ' ' || c == 127; }, '?');
  return out;
}

std::string terminal_line(const ProgressState& s, int columns) {
  const int room = std::max(0, columns - 1);
  std::string text;
  for (const LineParts& parts : kLines) {
    const std::string bar = parts.bar > 0 ? bar_of(s.share, parts.bar) + " " : "";
    text = fmt::format("{:<{}} {}{:3} %{}", s.stage, parts.bar > 0 ? 22 : 0, bar,
                       percent_of(s.share), tail_of(s, parts));
    if (columns_of(text) <= room) return text;
  }
  // Names of stages and times are ASCII: a byte is a column.
  return text.substr(0, static_cast<std::size_t>(room));
}

std::string log_line(const ProgressState& s) {
  return fmt::format("{:<22} {:3} %{}", s.stage, percent_of(share_of_stage(s)),
                     tail_of(s, kLines[0]));
}

std::string json_line(std::string_view event, const ProgressState& s, double now) {
  nlohmann::ordered_json line = {{"event", std::string(event)},
                                 {"stage", s.stage},
                                 {"done", s.done},
                                 {"total", s.total},
                                 {"unit", s.unit},
                                 {"share", to_part(s.share, 10'000)},
                                 {"seconds", to_part(now, 1000)},
                                 {"seconds_left", nullptr}};
  if (s.left) line["seconds_left"] = to_part(*s.left, 10);
  if (!s.detail.empty()) line["detail"] = s.detail;
  return json_text(line);
}

std::string json_message(std::string_view event, std::string_view message, double now) {
  const nlohmann::ordered_json line = {{"event", std::string(event)},
                                       {"message", std::string(message)},
                                       {"seconds", to_part(now, 1000)}};
  return json_text(line);
}

}  // namespace histoloom
