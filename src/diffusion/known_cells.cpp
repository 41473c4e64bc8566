#include "known_cells.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace histoloom {

std::vector<float> KnownCells::clean(const LatentRect& rect, const LabelId* labels) const {
  const auto cells = static_cast<std::size_t>(rect.area());
  std::vector<float> out(cells * static_cast<std::size_t>(channels_),
                         std::numeric_limits<float>::quiet_NaN());
  if (scene_.kept != nullptr) scene_.kept->read(rect, out.data());
  for (std::size_t i = 0; i < cells; ++i) {
    if (!is_glass(labels[i]) || !std::isnan(out[i])) continue;
    for (std::size_t c = 0; c < static_cast<std::size_t>(channels_); ++c)
      out[c * cells + i] = scene_.glass_latent[c];
  }
  return out;
}

std::vector<std::uint8_t> KnownCells::flags(const LatentRect& rect, const LabelId* labels) const {
  std::vector<std::uint8_t> out(static_cast<std::size_t>(rect.area()));
  std::transform(labels, labels + out.size(), out.begin(),
                 [this](LabelId id) { return is_glass(id) ? 1 : 0; });
  if (scene_.kept == nullptr) return out;
  const std::vector<float> values = clean(rect, labels);
  std::transform(values.begin(), values.begin() + rect.area(), out.begin(),
                 [](float value) { return std::isnan(value) ? 0 : 1; });
  return out;
}

void KnownCells::write_kept(const LatentRect& rect, LatentArray& target) const {
  if (scene_.kept == nullptr) return;
  std::vector<float> row(static_cast<std::size_t>(rect.width() * channels_));
  const auto painted = [](float value) { return std::isnan(value); };
  for (std::int64_t y = rect.y0; y < rect.y1; ++y) {
    scene_.kept->read({rect.x0, y, rect.x1, y + 1}, row.data());
    const auto first = row.begin(), last = row.begin() + rect.width();
    for (auto begin = std::find_if_not(first, last, painted); begin != last;) {
      const auto end = std::find_if(begin, last, painted);
      const LatentRect run{rect.x0 + (begin - first), y, rect.x0 + (end - first), y + 1};
      std::vector<float> values(static_cast<std::size_t>(run.width() * channels_));
      scene_.kept->read(run, values.data());
      target.write(run, values.data());
      begin = std::find_if_not(end, last, painted);
    }
  }
}

}  // namespace histoloom
