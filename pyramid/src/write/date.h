// The job's date, from text; never from the clock.
#pragma once

#include <string>
#include <string_view>

namespace histoloom::pyramid {

struct Date {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

// Reads "2026-11-20", "2026-11-20T12:00:00" or the same with a Z. Throws UserError otherwise.
Date parse_date(std::string_view text);

std::string tiff_date(const Date& date);    // "2026:11:20 12:00:00"
std::string ome_date(const Date& date);     // "2026-11-20T12:00:00"
std::string aperio_date(const Date& date);  // "11/20/26"
std::string aperio_time(const Date& date);  // "12:00:00"

}  // namespace histoloom::pyramid
