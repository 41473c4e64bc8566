// A colour in a JSON file.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace histoloom {

// Parses [r, g, b]. UserError, "WHERE: the color of WHAT must be …", for anything else.
std::array<std::uint8_t, 3> parse_colour(const nlohmann::json& value, const std::string& where,
                                         const std::string& what);

}  // namespace histoloom
