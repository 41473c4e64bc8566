// How much of a slide each label takes.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "histoloom/labels/label_field.h"
#include "histoloom/vocabulary/label_set.h"

namespace histoloom {

struct LabelShare {
  Label label;
  std::int64_t cells = 0;
  double share = 0;  // share of the cells, 0 to 1
};

// A share for every label of the set, by ascending id; reads the whole field.
std::vector<LabelShare> label_shares(const LabelField& field, const LabelSet& labels);

// Those that are there, the largest first: "62 % glass, 38 % carcinoma".
std::string text_of(std::vector<LabelShare> shares);

// Shares by the names of their labels.
nlohmann::ordered_json json_of(const std::vector<LabelShare>& shares);

}  // namespace histoloom
