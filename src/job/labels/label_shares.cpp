#include "label_shares.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace histoloom {

std::vector<LabelShare> label_shares(const LabelField& field, const LabelSet& labels) {
  const CellSize size = field.size();
  std::array<std::int64_t, 256> cells{};
  std::vector<LabelId> row(static_cast<std::size_t>(size.width));
  for (std::int64_t y = 0; y < size.height; ++y) {
    field.read({0, y, size.width, y + 1}, row.data());
    for (const LabelId id : row) ++cells[id];
  }
  std::vector<LabelShare> out;
  for (const Label& label : labels.labels())
    out.push_back({label, cells[label.id],
                   static_cast<double>(cells[label.id]) / static_cast<double>(size.area())});
  return out;
}

std::string text_of(std::vector<LabelShare> shares) {
  std::stable_sort(shares.begin(), shares.end(),
                   [](const LabelShare& a, const LabelShare& b) { return a.share > b.share; });
  std::string out;
  for (const LabelShare& share : shares)
    if (share.share > 0)
      out += fmt::format("{}{:.3g} % {}", out.empty() ? "" : ", ", 100 * share.share,
                         share.label.name);
  return out;
}

nlohmann::ordered_json json_of(const std::vector<LabelShare>& shares) {
  nlohmann::ordered_json out;
  for (const LabelShare& share : shares) out[share.label.name] = share.share;
  return out;
}

}  // namespace histoloom
