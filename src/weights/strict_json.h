// JSON from outside.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace histoloom {

// Parses an object. Other than nlohmann-json alone it refuses a key that stands twice, and nesting
// of more than `depth`, since a text full of brackets would need many times its size. What is wrong
// with `what` ("its header") goes to `fail`, which throws.
nlohmann::json parse_strict_json(std::string_view text, int depth, const std::string& what,
                                 const std::function<void(const std::string&)>& fail);

}  // namespace histoloom
