#include "seam_regions.h"

#include <fmt/format.h>

#include <algorithm>

#include "draw.h"
#include "histoloom/core/error.h"
#include "stop.h"

namespace histoloom::evaluate {

namespace {

constexpr double kMaxGlassOfSeamRegion = 0.9;

// Pixels that may still be taken, of all sources and of the next one.
struct PixelBudget {
  std::int64_t left, share;
};

// Those of `regions`, in their order, that show tissue: one where there is room for it at all, and
// more up to the source's share.
std::vector<Picture> read_share(PatchSource& source, const std::vector<PixelRect>& regions,
                                const PixelBudget& budget, const Progress& progress) {
  std::vector<Picture> out;
  std::int64_t taken = 0;
  for (const PixelRect& region : regions) {
    if (taken + region.area() > (taken == 0 ? budget.left : budget.share)) break;
    stop_if_asked(&progress);
    Picture picture = source.region(region);
    if (glass_share(picture) > kMaxGlassOfSeamRegion) continue;
    taken += region.area();
    out.push_back(std::move(picture));
  }
  source.release();
  return out;
}

std::vector<PixelRect> shuffled_regions(PixelSize size, std::int64_t period,
                                        const RegionOptions& options, std::size_t source) {
  const std::vector<PixelRect> regions = regions_of(size, period, options.side);
  std::vector<PixelRect> out;
  for (const std::size_t i : Draw(options.seed, Purpose::regions)
                                 .permutation(regions.size(), static_cast<std::int64_t>(source)))
    out.push_back(regions[i]);
  return out;
}

}  // namespace

std::vector<PixelRect> regions_of(PixelSize size, std::int64_t period, std::int64_t side) {
  const std::int64_t stride = std::max<std::int64_t>(1, side / period) * period;
  std::vector<PixelRect> out;
  for (std::int64_t y = 0; y == 0 || y + stride <= size.height; y += stride)
    for (std::int64_t x = 0; x == 0 || x + stride <= size.width; x += stride)
      out.push_back(intersect(PixelRect::at({x, y}, {stride, stride}), PixelRect::of(size)));
  return out;
}

std::vector<Picture> read_regions(const PatchSources& sources, std::int64_t period,
                                  const RegionOptions& options, const Progress& progress) {
  std::vector<std::size_t> order =
      Draw(options.seed, Purpose::regions).permutation(sources.size(), -1);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return sources[a]->size().area() < sources[b]->size().area();
  });
  std::vector<Picture> out;
  std::int64_t left = options.max_pixels;
  for (std::size_t n = 0; n < order.size(); ++n) {
    PatchSource& source = *sources[order[n]];
    const PixelBudget budget{left, left / static_cast<std::int64_t>(order.size() - n)};
    for (Picture& picture :
         read_share(source, shuffled_regions(source.size(), period, options, order[n]), budget,
                    progress)) {
      left -= picture.size.area();
      out.push_back(std::move(picture));
    }
  }
  if (out.empty())
    throw UserError(fmt::format(
        "more than {:.0f} % of every region is glass; give images with more tissue, or no --seams",
        100 * kMaxGlassOfSeamRegion));
  return out;
}

}  // namespace histoloom::evaluate
