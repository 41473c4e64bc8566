#include "seam_regions.h"

#include <fmt/format.h>

#include <algorithm>

#include "draw.h"
#include "histoloom/core/error.h"
#include "stop.h"

namespace histoloom::evaluate {

namespace {

constexpr double kMaxGlass = 0.9;

// Appends regions of a source that show tissue, in a random order: one where `left` has room for
// it, and more up to `share` pixels. Returns how many pixels were taken.
std::int64_t read_share(std::vector<Picture>& out, PatchSource& source, std::int64_t period,
                        const RegionOptions& options, std::int64_t index, std::int64_t share,
                        std::int64_t left, const Progress& progress) {
  const std::vector<PixelRect> regions = regions_of(source.size(), period, options.side);
  std::int64_t taken = 0;
  for (const std::size_t i :
       Draw(options.seed, Purpose::regions).permutation(regions.size(), index)) {
    if (taken + regions[i].area() > (taken == 0 ? left : share)) break;
    stop_if_asked(&progress);
    Picture picture = source.read(regions[i]);
    if (glass_share(picture) > kMaxGlass) continue;
    taken += regions[i].area();
    out.push_back(std::move(picture));
  }
  source.release();
  return taken;
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
  for (std::size_t n = 0; n < order.size(); ++n)
    left -=
        read_share(out, *sources[order[n]], period, options, static_cast<std::int64_t>(order[n]),
                   left / static_cast<std::int64_t>(order.size() - n), left, progress);
  if (out.empty())
    throw UserError(fmt::format(
        "more than {:.0f} % of every region is glass; give images with more tissue, or no --seams",
        100 * kMaxGlass));
  return out;
}

}  // namespace histoloom::evaluate
