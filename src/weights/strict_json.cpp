#include "strict_json.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "histoloom/weights/stored_tensor.h"

namespace histoloom {

using nlohmann::json;

json parse_strict_json(std::string_view text, int depth, const std::string& what,
                       const std::function<void(const std::string&)>& fail) {
  std::map<int, std::set<std::string>> keys;  // of the object that is open at a depth
  const auto callback = [&](int level, json::parse_event_t event, json& parsed) {
    const bool object = event == json::parse_event_t::object_start;
    if ((object || event == json::parse_event_t::array_start) && level >= depth)
      fail(fmt::format("{} is nested more than {} deep", what, depth));
    if (object) keys[level + 1].clear();
    if (event == json::parse_event_t::key && !keys[level].insert(parsed.get<std::string>()).second)
      fail(fmt::format("'{}' stands in {} twice", printable(parsed.get<std::string>()), what));
    return true;
  };
  json parsed;
  try {
    parsed = json::parse(text.begin(), text.end(), callback);
  } catch (const json::exception&) {
    fail(what + " is not valid JSON");
  }
  if (!parsed.is_object()) fail(what + " is not a JSON object");
  return parsed;
}

}  // namespace histoloom
