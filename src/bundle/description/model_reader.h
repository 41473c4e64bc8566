// Reads model.json member by member.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "histoloom/bundle/weights_sum.h"
#include "histoloom/core/error.h"
#include "histoloom/vocabulary/enum_names.h"

namespace histoloom {

using nlohmann::ordered_json;

// Reads the members of one object of model.json; errors name the file and the member.
class ModelReader {
 public:
  ModelReader(const ordered_json& object, std::string file, std::string prefix)
      : object_(object), file_(std::move(file)), prefix_(std::move(prefix)) {
    if (!object_.is_object()) fail("must be a JSON object");
  }

  const ordered_json& member(const char* key) const {
    if (!object_.contains(key))
      throw UserError(fmt::format("{}: '{}{}' is missing", file_, prefix_, key));
    return object_[key];
  }
  bool has(const char* key) const { return object_.contains(key) && !object_[key].is_null(); }
  ModelReader child(const char* key) const {
    return ModelReader(member(key), file_, prefix_ + key + ".");
  }
  // An entry of the list under `key`, or what stands for it.
  ModelReader item(const char* key, const ordered_json& entry, std::size_t index) const {
    return ModelReader(entry, file_, fmt::format("{}{}[{}].", prefix_, key, index));
  }

  std::string text(const char* key) const {
    if (!member(key).is_string() || member(key).get<std::string>().empty())
      bad(key, "a text that is not empty");
    return member(key);
  }
  std::string one_of(const char* key, const std::vector<std::string>& choices) const {
    const std::string value = text(key);
    for (const std::string& choice : choices)
      if (value == choice) return value;
    bad(key, "one of " + fmt::format("{}", fmt::join(choices, ", ")));
  }
  // A value of an enumeration by its name.
  template <class Enum>
  Enum value(const char* key) const {
    const std::string name = text(key);
    if (const auto found = parse_enum<Enum>(name)) return *found;
    std::vector<std::string_view> names;
    for (const auto& [ignored, known] : EnumNames<Enum>::table) names.push_back(known);
    bad(key, fmt::format("one of {}", fmt::join(names, ", ")));
  }
  int whole(const char* key, int low, int high) const {
    const ordered_json& item = member(key);
    if (!item.is_number_integer() || item < low || item > high)
      bad(key, fmt::format("a whole number from {} to {}", low, high));
    return item;
  }
  double real(const char* key, double low, double high) const {
    return real_of(member(key), key, low, high);
  }
  std::vector<double> reals(const char* key, std::size_t count, double low, double high) const {
    const ordered_json& list = member(key);
    if (!list.is_array() || list.size() != count) bad(key, fmt::format("{} numbers", count));
    std::vector<double> out;
    for (const ordered_json& item : list) out.push_back(real_of(item, key, low, high));
    return out;
  }

  // A SHA-256, empty where there is none.
  std::string sum(const char* key) const {
    if (!has(key)) return "";
    const ordered_json& item = member(key);
    if (!item.is_string() || !is_sha256(item.get<std::string>()))
      bad(key, "a SHA-256, 64 digits of 0 to 9 and a to f");
    return item;
  }

  [[noreturn]] void bad(const char* key, const std::string& wanted) const {
    throw UserError(fmt::format("{}: '{}{}' must be {}, got {}", file_, prefix_, key, wanted,
                                object_[key].dump().substr(0, 80)));
  }

 private:
  [[noreturn]] void fail(const char* what) const {
    const std::string name = prefix_.substr(0, std::max<std::size_t>(prefix_.size(), 1) - 1);
    throw UserError(fmt::format("{}: {}{}", file_, name.empty() ? "" : "'" + name + "' ", what));
  }
  double real_of(const ordered_json& item, const char* key, double low, double high) const {
    if (!item.is_number() || !std::isfinite(item.get<double>()) || item < low || item > high)
      bad(key, fmt::format("a number from {} to {}", low, high));
    return item;
  }

  const ordered_json& object_;
  std::string file_, prefix_;
};

}  // namespace histoloom
