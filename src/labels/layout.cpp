#include "histoloom/labels/layout.h"

#include <fmt/format.h>
#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "histoloom/core/error.h"
#include "tissue_outline.h"
#include "tissue_regions.h"

namespace histoloom {

namespace {

constexpr std::int64_t kSamples = 1 << 18;

// Cells that stand for the slide: all of a small one, else one in each square of a grid, at a
// random place in it.
std::vector<CellCentre> sample_cells(LatentSize size, std::uint64_t seed) {
  const auto area = static_cast<double>(size.area());
  const auto stride = static_cast<std::int64_t>(
      std::max(1.0, std::ceil(std::sqrt(area / static_cast<double>(kSamples)))));
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

std::vector<LabelId> tissue_classes(const LabelSet& labels) {
  std::vector<LabelId> classes;
  for (const Label& label : labels.labels()) {
    if (label.id != labels.unknown() && label.id != labels.glass()) classes.push_back(label.id);
  }
  if (classes.empty()) {
    throw UserError(
        fmt::format("a layout needs a label of tissue, but the labels are {}", labels.describe()));
  }
  return classes;
}

template <class LabelAt>
void fill(LabelGrid& grid, LabelAt&& label_at) {
  const LatentSize size = grid.size();
  tbb::parallel_for(tbb::blocked_range<std::int64_t>(0, size.height, 8), [&](const auto& rows) {
    for (std::int64_t y = rows.begin(); y < rows.end(); ++y) {
      for (std::int64_t x = 0; x < size.width; ++x) {
        grid.at({x, y}) = label_at(static_cast<double>(x) + 0.5, static_cast<double>(y) + 0.5);
      }
    }
  });
}

void validate(const LayoutOptions& options) {
  if (!(options.tissue_fraction >= 0 && options.tissue_fraction <= 1)) {
    throw UserError(fmt::format("the tissue fraction of a layout must be from 0 to 1, got {}",
                                options.tissue_fraction));
  }
  if (!(options.microns_per_cell > 0) || !std::isfinite(options.microns_per_cell)) {
    throw UserError(fmt::format("microns per cell of a layout must be a positive number, got {}",
                                options.microns_per_cell));
  }
}

}  // namespace

std::optional<LayoutKind> parse_layout_kind(std::string_view name) {
  if (name == "tissue") return LayoutKind::tissue;
  if (name == "biopsy") return LayoutKind::biopsy;
  if (name == "tma") return LayoutKind::tma;
  if (name == "full") return LayoutKind::full;
  return std::nullopt;
}

std::unique_ptr<LabelField> make_layout(LatentSize size, const LabelSet& labels,
                                        const LayoutOptions& options) {
  validate(options);
  const std::vector<LabelId> classes = tissue_classes(labels);
  std::vector<CellCentre> samples = sample_cells(size, options.seed);
  auto grid = std::make_unique<LabelGrid>(size, labels.unknown());

  if (options.kind == LayoutKind::full || !labels.glass()) {
    const TissueRegions regions(classes, options, samples);
    fill(*grid, [&](double x, double y) { return regions.class_at(x, y); });
    return grid;
  }
  const TissueOutline outline(size, options, samples);
  std::erase_if(samples, [&](const CellCentre& c) { return !outline.is_tissue(c.x, c.y); });
  const TissueRegions regions(classes, options, samples);
  fill(*grid, [&](double x, double y) {
    return outline.is_tissue(x, y) ? regions.class_at(x, y) : *labels.glass();
  });
  return grid;
}

}  // namespace histoloom
