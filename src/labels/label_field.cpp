#include "histoloom/labels/label_field.h"

#include <algorithm>

namespace histoloom {

double tissue_fraction(const LabelField& field, LabelId glass) {
  const CellSize size = field.size();
  std::vector<LabelId> row(static_cast<std::size_t>(size.width));
  std::int64_t tissue = 0;
  for (std::int64_t y = 0; y < size.height; ++y) {
    field.read({0, y, size.width, y + 1}, row.data());
    tissue += size.width - std::count(row.begin(), row.end(), glass);
  }
  return static_cast<double>(tissue) / static_cast<double>(size.area());
}

}  // namespace histoloom
