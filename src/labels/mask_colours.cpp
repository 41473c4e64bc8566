#include "mask_colours.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "histoloom/vocabulary/json_colour.h"

namespace histoloom {

namespace {

using nlohmann::json;

LabelId label_of(const json& value, const LabelSet& labels, const std::string& where) {
  const Label* label = nullptr;
  if (value.is_string()) label = labels.find(value.get<std::string>());
  if (value.is_number_unsigned() && value <= 255) label = labels.find(value.get<LabelId>());
  if (label != nullptr) return label->id;
  throw UserError(fmt::format("{}: {} is neither name nor id of a label; the labels are {}", where,
                              value.dump(), labels.describe()));
}

}  // namespace

MaskColours MaskColours::read(const std::filesystem::path& path, const LabelSet& labels) {
  const std::string where = path.string();
  const json root = json::parse(read_file(path), nullptr, /*allow_exceptions=*/false);
  if (!root.is_object() || !root.contains("colors") || !root["colors"].is_array())
    throw UserError(fmt::format(
        "{}: needs {{\"colors\": [{{\"color\": [r, g, b], \"label\": name or id}}, …]}}", where));
  MaskColours out;
  for (const json& entry : root["colors"]) {
    if (!entry.is_object() || !entry.contains("color") || !entry.contains("label"))
      throw UserError(fmt::format("{}: {} needs a \"color\" and a \"label\"", where, entry.dump()));
    const LabelId id = label_of(entry["label"], labels, where);
    const auto colour = parse_colour(entry["color"], where, labels.find(id)->name);
    if (!out.ids_.emplace(key_of(colour.data()), id).second)
      throw UserError(fmt::format("{}: the color {} is given twice", where, entry["color"].dump()));
  }
  return out;
}

}  // namespace histoloom
