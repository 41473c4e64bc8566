#include "sample_cells.h"

#include <algorithm>
#include <cmath>

#include "histoloom/core/noise.h"

namespace histoloom {

std::vector<CellCentre> sample_cells(CellSize size, std::uint64_t seed, std::int64_t most) {
  const auto area = static_cast<double>(size.area());
  const auto stride = static_cast<std::int64_t>(
      std::max(1.0, std::ceil(std::sqrt(area / static_cast<double>(most)))));
  const CounterNoise noise(seed);
  std::vector<CellCentre> cells;
  for (std::int64_t y = 0; y < size.height; y += stride) {
    for (std::int64_t x = 0; x < size.width; x += stride) {
      const PhiloxCounter word = noise.words(NoiseDomain::layout, x, y, 2, 0);
      const auto dx = static_cast<std::int64_t>(word[0]) % std::min(stride, size.width - x);
      const auto dy = static_cast<std::int64_t>(word[1]) % std::min(stride, size.height - y);
      cells.push_back({static_cast<double>(x + dx) + 0.5, static_cast<double>(y + dy) + 0.5});
    }
  }
  return cells;
}

void keep_open(std::vector<CellCentre>& samples, const LabelField& outline, LabelId unknown) {
  std::erase_if(samples, [&](const CellCentre& cell) {
    const auto x = static_cast<std::int64_t>(cell.x), y = static_cast<std::int64_t>(cell.y);
    LabelId id = 0;
    outline.read({x, y, x + 1, y + 1}, &id);
    return id != unknown;
  });
}

}  // namespace histoloom
