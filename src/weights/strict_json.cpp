#include "histoloom/weights/strict_json.h"

namespace histoloom {

using nlohmann::json;

json parse_strict_json(std::string_view text, int depth, const std::string& what,
                       const JsonRefusal& refuse) {
  json parsed;
  try {
    parsed = json::parse(text.begin(), text.end(), strict_keys<json>(depth, what, refuse));
  } catch (const json::exception&) {
    refuse(what + " is not valid JSON");
  }
  if (!parsed.is_object()) refuse(what + " is not a JSON object");
  return parsed;
}

}  // namespace histoloom
