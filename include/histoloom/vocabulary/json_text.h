// The text of JSON whose strings may be names of files.
//
// A file's name is any bytes, JSON is UTF-8. What is no UTF-8 is replaced by U+FFFD, so that no job
// fails at the end by the name of an output. Example: "a\xff.svs" is written as "a\uFFFD.svs".
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace histoloom {

// The text, in lines indented by `indent` spaces a level; -1: in one line.
template <class Json>
std::string json_text(const Json& value, int indent = -1) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

// The string that is read again where `text` was written.
inline std::string as_utf8(const std::string& text) {
  return nlohmann::json::parse(json_text(nlohmann::json(text))).get<std::string>();
}

}  // namespace histoloom
