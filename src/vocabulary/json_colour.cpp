#include "histoloom/vocabulary/json_colour.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "histoloom/core/error.h"

namespace histoloom {

std::array<std::uint8_t, 3> parse_colour(const nlohmann::json& value, const std::string& where,
                                         const std::string& what) {
  std::array<std::uint8_t, 3> colour{};
  bool good = value.is_array() && value.size() == colour.size();
  for (std::size_t i = 0; good && i < colour.size(); ++i) {
    good = value[i].is_number_integer() && value[i] >= 0 && value[i] <= 255;
    if (good) colour[i] = value[i].get<std::uint8_t>();
  }
  if (good) return colour;
  throw UserError(fmt::format("{}: the color of {} must be three numbers from 0 to 255, got {}",
                              where, what, value.dump()));
}

}  // namespace histoloom
