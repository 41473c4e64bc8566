#include "histoloom/pictures/glass_cells.h"

#include <array>

#include "histoloom/core/error.h"
#include "histoloom/pictures/bare_glass.h"

namespace histoloom {

namespace {

constexpr int kMinGlassSide = 48;  // pixels

// Mean RGB of each cell.
std::vector<std::array<double, 3>> cell_means(const PictureView& picture, int factor) {
  const CellSize cells = latent_size_for(picture.size, factor);
  std::vector<std::array<double, 3>> out(static_cast<std::size_t>(cells.area()));
  std::vector<int> counts(out.size());
  for (std::int64_t y = 0; y < picture.size.height; ++y) {
    for (std::int64_t x = 0; x < picture.size.width; ++x) {
      const auto cell = static_cast<std::size_t>(y / factor * cells.width + x / factor);
      for (std::size_t c = 0; c < 3; ++c) out[cell][c] += picture.at(x, y)[c];
      ++counts[cell];
    }
  }
  for (std::size_t i = 0; i < out.size(); ++i)
    for (double& v : out[i]) v /= counts[i];
  return out;
}

}  // namespace

std::vector<bool> glass_cells(const PictureView& picture, int factor) {
  check_internal(picture.channels == 3, "glass is told by colours");
  const CellSize cells = latent_size_for(picture.size, factor);
  const auto means = cell_means(picture, factor);
  const auto at = [&](std::int64_t x, std::int64_t y) {
    return static_cast<std::size_t>(y * cells.width + x);
  };
  std::vector<bool> bright(means.size());
  for (std::size_t i = 0; i < means.size(); ++i) bright[i] = looks_like_glass(means[i]);
  // Opening: keep what a square of cells fits into.
  std::vector<bool> glass(means.size());
  const std::int64_t n = divide_up(kMinGlassSide, factor);
  for (std::int64_t y = 0; y + n <= cells.height; ++y) {
    for (std::int64_t x = 0; x + n <= cells.width; ++x) {
      bool all = true;
      for (std::int64_t i = 0; all && i < n * n; ++i) all = bright[at(x + i % n, y + i / n)];
      for (std::int64_t i = 0; all && i < n * n; ++i) glass[at(x + i % n, y + i / n)] = true;
    }
  }
  return glass;
}

}  // namespace histoloom
