// Reads a network's JSON configuration: what it may say is read key by key and checked, and what
// nothing has read is refused at the end.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace histoloom {

// A setting that has one meaning here: any of `values` (a JSON list) is taken, others are refused.
struct FixedSetting {
  const char* key;
  const char* values;
};

// Every member throws UserError with `where`, the key, the value found and what is wanted. A key
// that is absent leaves its default.
class NetworkConfig {
 public:
  NetworkConfig(const std::string& text, std::string where);

  // Whole numbers from `low` to `high`; lists of 1 to 6 of them.
  void read(const char* key, int& value, int low, int high);
  void read(const char* key, std::vector<int>& values, int low, int high);
  // A number above 0 and at most `high`.
  void read(const char* key, double& value, double high);
  void read(const char* key, bool& value);
  // A list of 1 to 6 of the words `off` and `on`: true where it is `on`.
  void read(const char* key, std::vector<bool>& values, const char* off, const char* on);
  // Takes the keys that change nothing about the network.
  void ignore(const std::vector<const char*>& keys);
  void require_fixed(const std::vector<FixedSetting>& settings);
  // Throws for a key that nothing has read.
  void finish() const;

  void require_multiple(const char* key, int value, int divisor) const;
  void require_length(const char* key, std::size_t length, std::size_t wanted) const;
  bool is_list(const char* key) const { return json_.contains(key) && json_[key].is_array(); }
  bool is_null(const char* key) const { return json_.contains(key) && json_[key].is_null(); }

 private:
  int number(const char* key, const nlohmann::json& item, int low, int high) const;
  const nlohmann::json& list(const char* key, const char* of) const;

  nlohmann::json json_;
  std::string where_;
};

}  // namespace histoloom
