#include "histoloom/vocabulary/label_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "histoloom/core/ascii.h"
#include "histoloom/core/error.h"
#include "histoloom/vocabulary/json_colour.h"

namespace histoloom {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr int kLargestId = 254;  // 255 is left free for "no label" in files that need one

[[noreturn]] void refuse(const std::string& where, const std::string& what) {
  throw UserError(where + ": " + what);
}

LabelId parse_id(const json& value, const std::string& where, const std::string& what) {
  if (!value.is_number_integer() || value < 0 || value > kLargestId) {
    refuse(where, fmt::format("{} must be a whole number from 0 to {}, got {}", what, kLargestId,
                              value.dump()));
  }
  return value.get<LabelId>();
}

Label parse_label(const json& entry, const std::string& where) {
  if (!entry.is_object()) {
    refuse(where,
           fmt::format("a label must be an object with id, name and color, got {}", entry.dump()));
  }
  for (const char* key : {"id", "name", "color"}) {
    if (!entry.contains(key)) {
      refuse(where, fmt::format("label {} has no \"{}\"; add it", entry.dump(), key));
    }
  }
  Label label;
  label.id = parse_id(entry["id"], where, "the id of a label");
  if (!entry["name"].is_string() || entry["name"].get_ref<const std::string&>().empty()) {
    refuse(where, fmt::format("the name of label {} must be a text that is not empty, got {}",
                              label.id, entry["name"].dump()));
  }
  label.name = entry["name"].get<std::string>();
  label.colour = parse_colour(entry["color"], where, fmt::format("label {}", label.id));
  return label;
}

json parse_json(std::string_view text, const std::string& where) {
  const json root = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object() || !root.contains("labels") || !root["labels"].is_array() ||
      root["labels"].empty()) {
    refuse(where, "a label set must be a JSON object with a list \"labels\" of at least one label");
  }
  return root;
}

void refuse_repetition(const std::vector<Label>& labels, const std::string& where) {
  for (std::size_t i = 0; i < labels.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      if (labels[i].id == labels[k].id)
        refuse(where, fmt::format("label id {} is given twice; ids must differ", labels[i].id));
      if (labels[i].name == labels[k].name)
        refuse(where,
               fmt::format("label name '{}' is given twice; names must differ", labels[i].name));
    }
  }
}

}  // namespace

LabelSet LabelSet::parse(std::string_view text, const std::string& where) {
  const json root = parse_json(text, where);
  LabelSet set;
  for (const json& entry : root["labels"]) set.labels_.push_back(parse_label(entry, where));
  refuse_repetition(set.labels_, where);
  std::sort(set.labels_.begin(), set.labels_.end(),
            [](const Label& a, const Label& b) { return a.id < b.id; });

  const auto role = [&](const char* key) {
    const LabelId id = parse_id(root[key], where, fmt::format("\"{}\"", key));
    if (!set.find(id)) {
      refuse(where, fmt::format("\"{}\" is {}, which is not the id of a label ({})", key, id,
                                set.describe()));
    }
    return id;
  };
  if (!root.contains("unknown")) {
    refuse(where, "a label set must say which id is \"unknown\"; add it");
  }
  set.unknown_ = role("unknown");
  if (root.contains("glass")) set.glass_ = role("glass");
  if (set.glass_ == set.unknown_) {
    refuse(where,
           fmt::format("\"unknown\" and \"glass\" must be two labels, both are {}", set.unknown_));
  }
  return set;
}

std::vector<LabelId> LabelSet::tissue() const {
  std::vector<LabelId> out;
  for (const Label& label : labels_)
    if (label.id != unknown_ && label.id != glass_) out.push_back(label.id);
  return out;
}

const Label* LabelSet::find(LabelId id) const {
  const auto at = std::find_if(labels_.begin(), labels_.end(),
                               [id](const Label& label) { return label.id == id; });
  return at == labels_.end() ? nullptr : &*at;
}

const Label* LabelSet::find(std::string_view name) const {
  const std::string lower = ascii_lower(name);
  const Label* found = nullptr;
  int count = 0;
  for (const Label& label : labels_) {
    if (label.name == name) return &label;
    if (ascii_lower(label.name) != lower) continue;
    found = &label;
    ++count;
  }
  return count == 1 ? found : nullptr;
}

std::string LabelSet::describe() const {
  std::string text;
  for (const Label& label : labels_) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", label.id, label.name);
  }
  return text;
}

std::string LabelSet::text() const {
  ordered_json out = {{"labels", ordered_json::array()}};
  for (const Label& label : labels_)
    out["labels"].push_back({{"id", label.id}, {"name", label.name}, {"color", label.colour}});
  out["unknown"] = unknown_;
  if (glass_) out["glass"] = *glass_;
  return out.dump();
}

}  // namespace histoloom
