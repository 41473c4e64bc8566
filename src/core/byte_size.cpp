#include "histoloom/core/byte_size.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "histoloom/core/error.h"

namespace histoloom {

namespace {
constexpr std::array<std::pair<std::string_view, double>, 10> kUnits{{{"", 1.0},
                                                                      {"B", 1.0},
                                                                      {"KiB", 1024.0},
                                                                      {"MiB", 1048576.0},
                                                                      {"GiB", 1073741824.0},
                                                                      {"TiB", 1099511627776.0},
                                                                      {"kB", 1e3},
                                                                      {"MB", 1e6},
                                                                      {"GB", 1e9},
                                                                      {"TB", 1e12}}};
}  // namespace

std::uint64_t parse_byte_size(std::string_view text) {
  double number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  if (code == std::errc() && std::isfinite(number) && number >= 0) {
    for (const auto& [name, scale] : kUnits) {
      // 2^63 is far past any disk; larger numbers would not convert.
      if (unit == name && number * scale < 9.2e18)
        return static_cast<std::uint64_t>(number * scale);
    }
  }
  throw UserError(
      fmt::format("a size in bytes is a number with B, KiB, MiB, GiB, kB, MB or GB, such as 1GiB; "
                  "got '{}'",
                  text));
}

std::string format_byte_size(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 6> names{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  double value = static_cast<double>(bytes);
  std::size_t i = 0;
  while (value >= 999.5 && i + 1 < names.size()) {
    value /= 1024;
    ++i;
  }
  const int digits = i == 0 || value >= 99.5 ? 0 : value >= 9.95 ? 1 : 2;
  return fmt::format("{:.{}f} {}", value, digits, names[i]);
}

}  // namespace histoloom
