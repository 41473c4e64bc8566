#include "histoloom/evaluate/patch_sampling.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "draw.h"
#include "histoloom/core/error.h"

namespace histoloom::evaluate {

namespace {

struct Square {
  std::size_t source = 0;
  PixelRect rect;
};

// The squares of one source's grid, row by row.
void add_squares(std::vector<Square>& out, std::size_t source, PixelSize size,
                 const SamplingOptions& options) {
  const std::int64_t side = options.side;
  if (size.width < side || size.height < side) return;
  const Draw draw(options.seed, Purpose::grid);
  const auto corner = [&](std::int64_t length, std::int64_t axis) {
    const auto slack = static_cast<std::uint64_t>(length % side + 1);
    return static_cast<std::int64_t>(draw.below(slack, static_cast<std::int64_t>(source), axis));
  };
  const std::int64_t x0 = corner(size.width, 0), y0 = corner(size.height, 1);
  for (std::int64_t y = y0; y + side <= size.height; y += side)
    for (std::int64_t x = x0; x + side <= size.width; x += side)
      out.push_back({source, PixelRect::at({x, y}, {side, side})});
}

std::vector<Square> shuffled_squares(const PatchSources& sources, const SamplingOptions& options) {
  std::vector<Square> grid;
  for (std::size_t i = 0; i < sources.size(); ++i)
    add_squares(grid, i, sources[i]->size(), options);
  if (grid.empty())
    throw UserError(fmt::format("no image has {0}x{0} px; give larger ones or a smaller --patch",
                                options.side));
  std::vector<Square> out;
  for (const std::size_t i : Draw(options.seed, Purpose::shuffle).permutation(grid.size()))
    out.push_back(grid[i]);
  return out;
}

// Reads squares, source after source so that each is decoded once, and appends those that show
// tissue in the order given.
void read_tissue(PatchSet& set, const PatchSources& sources, std::span<const Square> squares,
                 double max_glass) {
  std::vector<std::size_t> order(squares.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return squares[a].source < squares[b].source;
  });
  std::vector<Picture> read(squares.size());
  for (std::size_t n = 0; n < order.size(); ++n) {
    const Square& square = squares[order[n]];
    read[order[n]] = sources[square.source]->read(square.rect);
    if (n + 1 == order.size() || squares[order[n + 1]].source != square.source)
      sources[square.source]->release();
  }
  for (std::size_t i = 0; i < squares.size(); ++i) {
    if (glass_share(read[i]) > max_glass) continue;
    set.patches.push_back(std::move(read[i]));
    set.sources.push_back(squares[i].source);
  }
}

PatchSet chosen(const PatchSet& set, std::span<const std::size_t> indices) {
  PatchSet out;
  for (const std::size_t i : indices) {
    out.patches.push_back(set.patches[i]);
    out.sources.push_back(set.sources[i]);
  }
  return out;
}

// Indices of the patches in two groups; each source goes to the group that is smaller so far.
std::array<std::vector<std::size_t>, 2> groups_of(const PatchSet& set) {
  std::map<std::size_t, std::vector<std::size_t>> by_source;
  for (std::size_t i = 0; i < set.sources.size(); ++i) by_source[set.sources[i]].push_back(i);
  std::array<std::vector<std::size_t>, 2> groups;
  if (by_source.size() == 1) {
    for (std::size_t i = 0; i < set.sources.size(); ++i) groups[i % 2].push_back(i);
    return groups;
  }
  std::vector<std::vector<std::size_t>> largest_first;
  for (auto& [source, indices] : by_source) largest_first.push_back(std::move(indices));
  std::stable_sort(largest_first.begin(), largest_first.end(),
                   [](const auto& a, const auto& b) { return a.size() > b.size(); });
  for (const auto& indices : largest_first) {
    auto& group = groups[groups[1].size() < groups[0].size() ? 1 : 0];
    group.insert(group.end(), indices.begin(), indices.end());
  }
  return groups;
}

}  // namespace

PatchSet sample_patches(const PatchSources& sources, const SamplingOptions& options) {
  const std::vector<Square> squares = shuffled_squares(sources, options);
  const auto wanted = static_cast<std::size_t>(options.count);
  PatchSet set;
  for (std::size_t next = 0; next < squares.size() && set.patches.size() < wanted;) {
    const std::size_t take = std::min(wanted - set.patches.size(), squares.size() - next);
    read_tissue(set, sources, std::span(squares).subspan(next, take), options.max_glass);
    next += take;
  }
  return set;
}

std::pair<PatchSet, PatchSet> split_by_source(const PatchSet& set) {
  auto groups = groups_of(set);
  const std::size_t count = std::min(groups[0].size(), groups[1].size());
  for (auto& group : groups) {
    std::sort(group.begin(), group.end());  // back to the random order
    group.resize(count);
  }
  return {chosen(set, groups[0]), chosen(set, groups[1])};
}

void truncate(PatchSet& set, std::size_t count) {
  set.patches.resize(std::min(count, set.patches.size()));
  set.sources.resize(set.patches.size());
}

}  // namespace histoloom::evaluate
