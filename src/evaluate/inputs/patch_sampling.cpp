#include "histoloom/evaluate/patch_sampling.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "draw.h"
#include "histoloom/core/error.h"
#include "stop.h"

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
                 const SamplingOptions& options) {
  std::vector<std::size_t> order(squares.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return squares[a].source < squares[b].source;
  });
  std::vector<Picture> read(squares.size());
  for (std::size_t n = 0; n < order.size(); ++n) {
    stop_if_asked(options.progress);
    const Square& square = squares[order[n]];
    read[order[n]] = sources[square.source]->region(square.rect);
    if (n + 1 == order.size() || squares[order[n + 1]].source != square.source)
      sources[square.source]->release();
  }
  for (std::size_t i = 0; i < squares.size(); ++i) {
    if (glass_share(read[i]) > options.max_glass) continue;
    set.patches.push_back(std::move(read[i]));
    set.parts.push_back(part_of(squares[i].source, squares[i].rect.corner()));
  }
}

PatchSet read_first(const PatchSources& sources, std::span<const Square> squares,
                    std::int64_t count, const SamplingOptions& options) {
  const auto wanted = static_cast<std::size_t>(count);
  PatchSet set;
  for (std::size_t next = 0; next < squares.size() && set.patches.size() < wanted;) {
    const std::size_t take = std::min(wanted - set.patches.size(), squares.size() - next);
    read_tissue(set, sources, squares.subspan(next, take), options);
    next += take;
  }
  return set;
}

// Which of the sources belong to the second side; each goes to the side that has fewer squares so
// far, the largest first.
std::vector<bool> second_side(const std::vector<std::size_t>& squares_of) {
  std::vector<std::size_t> largest_first(squares_of.size());
  std::iota(largest_first.begin(), largest_first.end(), std::size_t{0});
  std::stable_sort(largest_first.begin(), largest_first.end(),
                   [&](std::size_t a, std::size_t b) { return squares_of[a] > squares_of[b]; });
  std::array<std::size_t, 2> squares{};
  std::vector<bool> second(squares_of.size());
  for (const std::size_t source : largest_first) {
    second[source] = squares[1] < squares[0];
    squares[second[source]] += squares_of[source];
  }
  return second;
}

// The patches of one source in turn to both sides, until the first has its number.
std::pair<PatchSet, PatchSet> dealt(PatchSet set, std::size_t first_count) {
  std::pair<PatchSet, PatchSet> out;
  for (std::size_t i = 0; i < set.patches.size(); ++i) {
    PatchSet& side = i % 2 == 0 && i / 2 < first_count ? out.first : out.second;
    side.patches.push_back(std::move(set.patches[i]));
    side.parts.push_back(set.parts[i]);
  }
  return out;
}

}  // namespace

PatchSet sample_patches(const PatchSources& sources, const SamplingOptions& options) {
  return read_first(sources, shuffled_squares(sources, options), options.count, options);
}

std::pair<PatchSet, PatchSet> sample_apart(const PatchSources& sources,
                                           const SamplingOptions& options,
                                           std::int64_t second_count) {
  const std::vector<Square> squares = shuffled_squares(sources, options);
  std::vector<std::size_t> squares_of(sources.size());
  for (const Square& square : squares) ++squares_of[square.source];
  if (std::count(squares_of.begin(), squares_of.end(), 0u) + 1 == std::ssize(squares_of))
    return dealt(read_first(sources, squares, options.count + second_count, options),
                 static_cast<std::size_t>(options.count));
  const std::vector<bool> second = second_side(squares_of);
  std::array<std::vector<Square>, 2> sides;
  for (const Square& square : squares) sides[second[square.source]].push_back(square);
  return {read_first(sources, sides[0], options.count, options),
          read_first(sources, sides[1], second_count, options)};
}

void truncate(PatchSet& set, std::size_t count) {
  set.patches.resize(std::min(count, set.patches.size()));
  set.parts.resize(set.patches.size());
}

}  // namespace histoloom::evaluate
