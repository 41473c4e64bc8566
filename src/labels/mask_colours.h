// Masks in colour: which colour is which label.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <unordered_map>

#include "histoloom/vocabulary/label_set.h"

namespace histoloom {

class MaskColours {
 public:
  // Reads {"colors": [{"color": [200, 0, 0], "label": "carcinoma"}, …]}; a label is its name or its
  // id, several colours may have the same. UserError names the file for anything else, a label that
  // the set lacks, and a colour that is given twice.
  static MaskColours read(const std::filesystem::path& path, const LabelSet& labels);

  std::optional<LabelId> find(const std::uint8_t* rgb) const {
    const auto at = ids_.find(key_of(rgb));
    return at == ids_.end() ? std::nullopt : std::optional(at->second);
  }

 private:
  static std::uint32_t key_of(const std::uint8_t* rgb) {
    return static_cast<std::uint32_t>(rgb[0] << 16 | rgb[1] << 8 | rgb[2]);
  }
  std::unordered_map<std::uint32_t, LabelId> ids_;
};

}  // namespace histoloom
