#include "date.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "histoloom/core/error.h"

namespace histoloom::pyramid {
namespace {

int days_of(int year, int month) {
  constexpr std::array<int, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return kDays[static_cast<std::size_t>(month - 1)] + (month == 2 && leap ? 1 : 0);
}

// Reads `count` digits from the front of `text`, preceded by `before` unless that is 0.
bool take(std::string_view& text, char before, std::size_t count, int& value) {
  if (before != 0) {
    if (text.empty() || text.front() != before) return false;
    text.remove_prefix(1);
  }
  if (text.size() < count) return false;
  const char* end = text.data() + count;
  if (*text.data() == '-' || std::from_chars(text.data(), end, value).ptr != end) return false;
  text.remove_prefix(count);
  return true;
}

bool parse(std::string_view text, Date& d) {
  if (!take(text, 0, 4, d.year) || !take(text, '-', 2, d.month) || !take(text, '-', 2, d.day)) {
    return false;
  }
  if (!text.empty()) {
    if (!take(text, 'T', 2, d.hour) || !take(text, ':', 2, d.minute) ||
        !take(text, ':', 2, d.second)) {
      return false;
    }
    if (text == "Z") text.remove_prefix(1);
  }
  return text.empty() && d.month >= 1 && d.month <= 12 && d.day >= 1 &&
         d.day <= days_of(d.year, d.month) && d.hour < 24 && d.minute < 60 && d.second < 60;
}

}  // namespace

Date parse_date(std::string_view text) {
  Date date;
  if (!parse(text, date)) {
    throw UserError(
        fmt::format("date must look like 2026-11-20 or 2026-11-20T12:00:00, got \"{}\"", text),
        ErrorCode::invalid_option);
  }
  return date;
}

std::string tiff_date(const Date& d) {
  return fmt::format("{:04}:{:02}:{:02} {:02}:{:02}:{:02}", d.year, d.month, d.day, d.hour,
                     d.minute, d.second);
}

std::string ome_date(const Date& d) {
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", d.year, d.month, d.day, d.hour,
                     d.minute, d.second);
}

std::string aperio_date(const Date& d) {
  return fmt::format("{:02}/{:02}/{:02}", d.month, d.day, d.year % 100);
}

std::string aperio_time(const Date& d) {
  return fmt::format("{:02}:{:02}:{:02}", d.hour, d.minute, d.second);
}

}  // namespace histoloom::pyramid
