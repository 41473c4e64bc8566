#include "histoloom/labels/label_field.h"

#include <algorithm>

#include "histoloom/core/error.h"

namespace histoloom {

LabelGrid::LabelGrid(LatentSize size, LabelId fill) : size_(size) {
  check_internal(!size.empty(), "a label grid needs at least one cell");
  cells_.assign(static_cast<std::size_t>(size.area()), fill);
}

void LabelGrid::read(const LatentRect& rect, LabelId* out) const {
  check_internal(LatentRect::of(size_).contains(rect), "labels are read outside of their field");
  for (std::int64_t y = rect.y0; y < rect.y1; ++y) {
    out = std::copy_n(cells_.data() + y * size_.width + rect.x0, rect.width(), out);
  }
}

double tissue_fraction(const LabelField& field, LabelId glass) {
  const LatentSize size = field.size();
  std::vector<LabelId> row(static_cast<std::size_t>(size.width));
  std::int64_t tissue = 0;
  for (std::int64_t y = 0; y < size.height; ++y) {
    field.read({0, y, size.width, y + 1}, row.data());
    tissue += size.width - std::count(row.begin(), row.end(), glass);
  }
  return static_cast<double>(tissue) / static_cast<double>(size.area());
}

}  // namespace histoloom
