#include "search_regions.h"

#include <algorithm>
#include <set>

#include "draw.h"

namespace histoloom::evaluate {

namespace {

// Where parts of at most two patches begin along one axis.
std::vector<std::int64_t> starts(std::int64_t length, std::int64_t patch) {
  std::vector<std::int64_t> out;
  for (std::int64_t at = 0; at + 2 * patch < length; at += patch + 1) out.push_back(at);
  out.push_back(std::max<std::int64_t>(0, length - 2 * patch));
  return out;
}

template <class Takes>
std::vector<SearchRegion> regions_where(const PatchSources& sources, std::int64_t patch,
                                        Takes&& takes) {
  std::vector<SearchRegion> out;
  for (std::size_t i = 0; i < sources.size(); ++i)
    if (takes(i))
      for (const PixelRect& rect : overlapping_regions(sources[i]->size(), patch))
        out.push_back({i, rect});
  return out;
}

}  // namespace

std::vector<PixelRect> overlapping_regions(PixelSize image, std::int64_t patch) {
  std::vector<PixelRect> out;
  if (image.width < patch || image.height < patch) return out;
  for (const std::int64_t y : starts(image.height, patch))
    for (const std::int64_t x : starts(image.width, patch))
      out.push_back(intersect(PixelRect::at({x, y}, {2 * patch, 2 * patch}), PixelRect::of(image)));
  return out;
}

SearchRegions search_regions(const PatchSources& real, std::span<const PartId> beside,
                             std::int64_t patch, std::int64_t count, std::uint64_t seed) {
  std::set<std::size_t> taken;
  for (const PartId part : beside) taken.insert(source_of(part));
  SearchRegions out;
  auto regions = regions_where(real, patch, [&](std::size_t i) { return !taken.contains(i); });
  out.apart = !regions.empty();
  if (!out.apart) regions = regions_where(real, patch, [](std::size_t) { return true; });
  out.all = regions.size();
  std::vector<std::size_t> order = Draw(seed, Purpose::copies).permutation(regions.size());
  order.resize(std::min(order.size(), static_cast<std::size_t>(count)));
  std::sort(order.begin(), order.end());
  for (const std::size_t i : order) out.chosen.push_back(regions[i]);
  return out;
}

}  // namespace histoloom::evaluate
