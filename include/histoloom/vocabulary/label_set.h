// What the ids of a mask mean: names, colours, which id is unknown, which is glass.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace histoloom {

using LabelId = std::uint8_t;

struct Label {
  LabelId id = 0;
  std::string name;
  std::array<std::uint8_t, 3> colour{};  // sRGB
};

// The labels of a model, by ascending id. Ids need not be dense.
class LabelSet {
 public:
  // Parses JSON like this ("glass" may be missing):
  //
  //     {"labels": [{"id": 1, "name": "carcinoma", "color": [200, 0, 0]}, …],
  //      "unknown": 0, "glass": 5}
  //
  // UserError, with `where` (a path), for ids above 254 or given twice, empty or repeated names, or
  // colours out of range. UserError, too, for unknown or glass not among the ids.
  static LabelSet parse(std::string_view json, const std::string& where);

  // The JSON that parse() takes.
  std::string text() const;

  const std::vector<Label>& labels() const { return labels_; }
  LabelId unknown() const { return unknown_; }
  std::optional<LabelId> glass() const { return glass_; }
  // The labels of tissue, by ascending id: all but unknown and glass.
  std::vector<LabelId> tissue() const;
  // The label of an id or a name; nullptr if there is none. A name that no label has counts without
  // regard to case, unless that leaves two.
  const Label* find(LabelId id) const;
  const Label* find(std::string_view name) const;
  // The labels for messages: "0 unknown, 1 carcinoma, …".
  std::string describe() const;

 private:
  std::vector<Label> labels_;
  LabelId unknown_ = 0;
  std::optional<LabelId> glass_;
};

}  // namespace histoloom
