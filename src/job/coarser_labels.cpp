#include "coarser_labels.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace histoloom {

std::int64_t CoarserLabels::first(std::int64_t cell, std::int64_t length) const {
  const auto start = static_cast<std::int64_t>(std::floor(static_cast<double>(cell) * factor_));
  return std::min(start, length - 1);
}

std::int64_t CoarserLabels::past(std::int64_t cell, std::int64_t length) const {
  const auto end =
      static_cast<std::int64_t>(std::ceil(static_cast<double>(cell + 1) * factor_ - 1e-6));
  return std::clamp(end, first(cell, length) + 1, length);
}

void CoarserLabels::read(const CellRect& rect, LabelId* out) const {
  const CellSize all = slide_.size();
  for (std::int64_t y = rect.y0; y < rect.y1; ++y) {
    // One row of cells at a time: the slide's cells below it are few.
    const CellRect band{first(rect.x0, all.width), first(y, all.height),
                        past(rect.x1 - 1, all.width), past(y, all.height)};
    std::vector<LabelId> ids(static_cast<std::size_t>(band.area()));
    slide_.read(band, ids.data());
    for (std::int64_t x = rect.x0; x < rect.x1; ++x) {
      std::array<std::int64_t, 256> votes{};
      for (std::int64_t v = 0; v < band.height(); ++v)
        for (std::int64_t u = first(x, all.width); u < past(x, all.width); ++u)
          ++votes[ids[static_cast<std::size_t>(v * band.width() + u - band.x0)]];
      if (glass_) votes[*glass_] = 0;
      const auto most = std::max_element(votes.begin(), votes.end());
      *out++ = *most > 0 || !glass_ ? static_cast<LabelId>(most - votes.begin()) : *glass_;
    }
  }
}

}  // namespace histoloom
