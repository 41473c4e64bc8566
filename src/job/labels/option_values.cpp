#include "histoloom/job/option_values.h"

#include <fmt/format.h>

#include <charconv>
#include <ctime>

#include "histoloom/core/error.h"
#include "histoloom/pyramid/options.h"
#include "option_checks.h"

namespace histoloom {

namespace {

constexpr std::string_view kConstantDate = "2026-01-01T00:00:00";

template <class Number>
bool parse_number(std::string_view text, Number& value) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc() && end == text.data() + text.size();
}

}  // namespace

PixelSize parse_size(std::string_view text) {
  PixelSize size;
  const std::size_t x = text.find('x');
  if (x == std::string_view::npos || !parse_number(text.substr(0, x), size.width) ||
      !parse_number(text.substr(x + 1), size.height) || size.width < kMinSide ||
      size.height < kMinSide || size.width > kMaxSide || size.height > kMaxSide)
    throw UserError(fmt::format(
        "--size must be WIDTHxHEIGHT in pixels, each from {} to {}, such as 4096x4096; got '{}'",
        kMinSide, kMaxSide, text));
  return size;
}

std::array<double, 2> parse_guidance_interval(std::string_view text) {
  std::array<double, 2> out{};
  const std::size_t comma = text.find(',');
  if (comma == std::string_view::npos || !parse_number(text.substr(0, comma), out[0]) ||
      !parse_number(text.substr(comma + 1), out[1]) ||
      !(out[0] >= 0 && out[0] <= out[1] && out[1] <= 1))
    throw UserError(
        fmt::format("--guidance-interval must be LO,HI with 0 <= LO <= HI <= 1, got '{}'", text));
  return out;
}

CropChoice parse_crop_choice(std::string_view text) {
  CropChoice out;
  const std::size_t first = text.find(','), second = text.find(',', first + 1);
  if (second == std::string_view::npos || !parse_number(text.substr(0, first), out.step) ||
      !parse_number(text.substr(first + 1, second - first - 1), out.cell.x) ||
      !parse_number(text.substr(second + 1), out.cell.y) || out.step < 1 || out.cell.x < 0 ||
      out.cell.y < 0)
    throw UserError(fmt::format(
        "--only-crop must be STEP,X,Y, a step from 1 and a cell, such as 3,120,64; got '{}'",
        text));
  return out;
}

PixelRect parse_region(std::string_view text) {
  std::array<std::int64_t, 4> n{};
  const char* at = text.data();
  const char* const end = at + text.size();
  for (std::size_t i = 0; i < n.size(); ++i) {
    const auto [next, code] = std::from_chars(at, end, n[i]);
    const bool last = i + 1 == n.size();
    if (code != std::errc() || n[i] < (i < 2 ? 0 : 1) || n[i] > std::int64_t{1} << 31 ||
        (last ? next != end : next == end || *next != ','))
      throw UserError(
          fmt::format("--region must be X,Y,W,H in pixels of the slide, such as 1000,2000,512,512; "
                      "got '{}'",
                      text));
    at = next + 1;
  }
  return PixelRect::at(PixelPoint{n[0], n[1]}, PixelSize{n[2], n[3]});
}

std::string job_date(const std::string& date) {
  const std::string text = date.empty() ? std::string(kConstantDate) : date;
  with_context("--date", [&] { pyramid::require_date(text); });
  return text;
}

std::string date_of_epoch(std::string_view epoch) {
  std::int64_t seconds = 0;
  require_option(parse_number(epoch, seconds) && seconds >= 0 && seconds < 253'402'300'800,
                 fmt::format("SOURCE_DATE_EPOCH must be seconds since 1970, got '{}'", epoch));
  const std::time_t time = seconds;
  std::tm parts{};
  gmtime_r(&time, &parts);
  char buffer[32];
  std::strftime(buffer, sizeof buffer, "%Y-%m-%dT%H:%M:%S", &parts);
  return buffer;
}

}  // namespace histoloom
