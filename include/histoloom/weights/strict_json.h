// JSON from outside, read more strictly than nlohmann-json alone does.
//
// Refused is a key that stands twice in an object, of which only the later would count. So is deep
// nesting, since a text full of brackets would need many times its size.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>

#include "histoloom/weights/stored_tensor.h"

namespace histoloom {

// What is told of a text that is refused; throws.
using JsonRefusal = std::function<void(const std::string& what)>;

// Watches one run of Json::parse(), as its callback. `refuse` gets "'KEY' stands in WHAT twice" for
// a key, and "WHAT is nested more than DEPTH deep" for objects and lists.
template <class Json>
typename Json::parser_callback_t strict_keys(int depth, std::string what, JsonRefusal refuse) {
  using Event = typename Json::parse_event_t;
  std::map<int, std::set<std::string>> keys;  // keys of the object that is open at a depth
  return [=](int level, Event event, Json& parsed) mutable {
    const bool object = event == Event::object_start;
    if ((object || event == Event::array_start) && level >= depth)
      refuse(fmt::format("{} is nested more than {} deep", what, depth));
    if (object) keys[level + 1].clear();
    if (event == Event::key && !keys[level].insert(parsed.template get<std::string>()).second)
      refuse(fmt::format("'{}' stands in {} twice", printable(parsed.template get<std::string>()),
                         what));
    return true;
  };
}

// Parses an object under strict_keys(). What else is wrong with `what` ("its header") goes to
// `refuse`, too.
nlohmann::json parse_strict_json(std::string_view text, int depth, const std::string& what,
                                 const JsonRefusal& refuse);

}  // namespace histoloom
