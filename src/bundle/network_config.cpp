#include "network_config.h"

#include <fmt/format.h>

#include <algorithm>

#include "histoloom/core/error.h"

namespace histoloom {

using nlohmann::json;

NetworkConfig::NetworkConfig(const std::string& text, std::string where)
    : where_(std::move(where)) {
  try {
    json_ = json::parse(text);
  } catch (const json::exception&) {
    throw UserError(fmt::format("{}: the configuration is not valid JSON", where_));
  }
  if (!json_.is_object())
    throw UserError(fmt::format("{}: the configuration is not a JSON object", where_));
}

int NetworkConfig::number(const char* key, const json& item, int low, int high) const {
  if (!item.is_number_integer() || item < low || item > high)
    throw UserError(fmt::format("{}: '{}' must be a whole number from {} to {}, got {}", where_,
                                key, low, high, item.dump()));
  return item.get<int>();
}

const json& NetworkConfig::list(const char* key, const char* of) const {
  const json& items = json_[key];
  if (!items.is_array() || items.empty() || items.size() > 6)
    throw UserError(fmt::format("{}: '{}' must be a list of 1 to 6 {}", where_, key, of));
  return items;
}

void NetworkConfig::read(const char* key, int& value, int low, int high) {
  if (!json_.contains(key)) return;
  value = number(key, json_[key], low, high);
  json_.erase(key);
}

void NetworkConfig::read(const char* key, std::vector<int>& values, int low, int high) {
  if (!json_.contains(key)) return;
  values.clear();
  for (const json& item : list(key, "numbers")) values.push_back(number(key, item, low, high));
  json_.erase(key);
}

void NetworkConfig::read(const char* key, double& value, double high) {
  if (!json_.contains(key)) return;
  const json& item = json_[key];
  if (!item.is_number() || item <= 0 || item > high)
    throw UserError(fmt::format("{}: '{}' must be a number above 0 and at most {}, got {}", where_,
                                key, high, item.dump()));
  value = item.get<double>();
  json_.erase(key);
}

void NetworkConfig::read(const char* key, bool& value) {
  if (!json_.contains(key)) return;
  if (!json_[key].is_boolean())
    throw UserError(
        fmt::format("{}: '{}' must be true or false, got {}", where_, key, json_[key].dump()));
  value = json_[key].get<bool>();
  json_.erase(key);
}

void NetworkConfig::read(const char* key, std::vector<bool>& values, const char* off,
                         const char* on) {
  if (!json_.contains(key)) return;
  values.clear();
  for (const json& item : list(key, "names")) {
    if (item != off && item != on)
      throw UserError(fmt::format("{}: '{}' has {}; this version knows {} and {}", where_, key,
                                  item.dump(), off, on));
    values.push_back(item == on);
  }
  json_.erase(key);
}

void NetworkConfig::ignore(const std::vector<const char*>& keys) {
  for (const char* key : keys) json_.erase(key);
}

void NetworkConfig::require_fixed(const std::vector<FixedSetting>& settings) {
  for (const auto& [key, values] : settings) {
    if (!json_.contains(key)) continue;
    const json known = json::parse(values);
    if (std::find(known.begin(), known.end(), json_[key]) == known.end())
      throw UserError(fmt::format("{}: '{}' is {}; this version knows only {}", where_, key,
                                  json_[key].dump(), known[0].dump()));
    json_.erase(key);
  }
}

void NetworkConfig::finish() const {
  if (!json_.empty())
    throw UserError(fmt::format("{}: '{}' is not a known setting", where_, json_.begin().key()));
}

void NetworkConfig::require_multiple(const char* key, int value, int divisor) const {
  if (value % divisor != 0)
    throw UserError(
        fmt::format("{}: '{}' must be a multiple of {}, got {}", where_, key, divisor, value));
}

void NetworkConfig::require_length(const char* key, std::size_t length, std::size_t wanted) const {
  if (length != wanted)
    throw UserError(fmt::format("{}: '{}' must have one entry for each of the {} blocks, got {}",
                                where_, key, wanted, length));
}

}  // namespace histoloom
