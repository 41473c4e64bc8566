#include "polygons.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <unordered_map>

#include "histoloom/core/error.h"
#include "simplify.h"

namespace histoloom {

namespace {

// An arc with the side that is looked at on the right: 2 · arc along it, 2 · arc + 1 against it.
using Side = std::uint32_t;
using Sides = std::vector<Side>;
constexpr Side kNoSide = 0xffffffffu;

std::uint64_t key_of(HalfCell p) {
  return static_cast<std::uint64_t>(p.y) << 32 | static_cast<std::uint32_t>(p.x);
}

class RingWalk {
 public:
  explicit RingWalk(const std::vector<Arc>& arcs) : arcs_(arcs), walked_(2 * arcs.size()) {
    for (Side side = 0; side < walked_.size(); ++side) {
      if (arcs_[side / 2].closed) continue;
      const auto [at, added] = leaving_.try_emplace(key_of(start(side)));
      if (added) at->second.fill(kNoSide);
      at->second[static_cast<std::size_t>(first(side))] = side;
    }
  }

  Region region(Side side) const {
    return side % 2 == 0 ? arcs_[side / 2].right : arcs_[side / 2].left;
  }

  // The rings through a side, of the region on its right; none where it has been walked before.
  std::vector<Sides> rings_from(Side side) {
    if (walked_[side]) return {};
    if (arcs_[side / 2].closed) {
      walked_[side] = true;
      return {{side}};
    }
    // A node that comes again closes a ring of its own.
    std::vector<Sides> rings;
    Sides path;
    std::unordered_map<std::uint64_t, std::size_t> passed;  // nodes to their place in the path
    for (Side at = side; !walked_[at]; at = next(at)) {
      passed[key_of(start(at))] = path.size();
      walked_[at] = true;
      path.push_back(at);
      const auto again = passed.find(key_of(end(at)));
      if (again == passed.end()) continue;
      const auto cut = path.begin() + static_cast<std::ptrdiff_t>(again->second);
      rings.emplace_back(cut, path.end());
      for (auto dropped = cut; dropped != path.end(); ++dropped)
        if (key_of(start(*dropped)) != again->first) passed.erase(key_of(start(*dropped)));
      path.erase(cut, path.end());
    }
    check_internal(path.empty(), "the boundary of a region doesn't close");
    return rings;
  }

  Ring points_of(const Sides& ring) const {
    Ring out;
    for (const Side side : ring) {
      const std::vector<HalfCell>& line = arcs_[side / 2].turns;
      if (side % 2 == 0)
        out.insert(out.end(), line.begin(), line.end() - 1);
      else
        out.insert(out.end(), line.rbegin(), line.rend() - 1);
    }
    return out;
  }

 private:
  HalfCell start(Side side) const {
    const Arc& arc = arcs_[side / 2];
    return side % 2 == 0 ? arc.turns.front() : arc.turns.back();
  }
  HalfCell end(Side side) const { return start(side ^ 1u); }
  Heading first(Side side) const {
    const Arc& arc = arcs_[side / 2];
    return side % 2 == 0 ? arc.first : reversed(arc.last);
  }
  Heading last(Side side) const { return reversed(first(side ^ 1u)); }

  // The side that goes on around the same region: the sharpest turn to the right.
  Side next(Side side) const {
    const std::array<Side, 4>& leaving = leaving_.at(key_of(end(side)));
    for (const int turn : {1, 0, 3}) {
      const Side out = leaving[static_cast<std::size_t>((static_cast<int>(last(side)) + turn) % 4)];
      if (out != kNoSide) return out;
    }
    throw InternalError("a boundary ends at a node");
  }

  const std::vector<Arc>& arcs_;
  std::vector<bool> walked_;
  std::unordered_map<std::uint64_t, std::array<Side, 4>> leaving_;
};

// Twice the area, positive where the ring runs clockwise as seen.
std::int64_t doubled_area(const Ring& ring) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < ring.size(); ++i) {
    const HalfCell a = ring[i], b = ring[(i + 1) % ring.size()];
    sum += static_cast<std::int64_t>(a.x) * b.y - static_cast<std::int64_t>(b.x) * a.y;
  }
  return sum;
}

struct RegionRing {
  Region region;
  Sides sides;
};

std::vector<RegionRing> rings_of(RingWalk& walk, std::size_t sides,
                                 const std::function<bool(Region)>& wanted) {
  std::vector<RegionRing> out;
  for (Side side = 0; side < sides; ++side) {
    const Region region = walk.region(side);
    if (region == kOutside || !wanted(region)) continue;
    for (Sides& ring : walk.rings_from(side)) out.push_back({region, std::move(ring)});
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const RegionRing& a, const RegionRing& b) { return a.region < b.region; });
  return out;
}

}  // namespace

void for_each_polygon(Boundaries boundaries, double tolerance,
                      const std::function<bool(LabelId)>& wanted,
                      const std::function<void(const Polygon&)>& visit) {
  std::vector<Arc>& arcs = boundaries.arcs;
  tbb::parallel_for(std::size_t{0}, arcs.size(),
                    [&](std::size_t i) { arcs[i].turns = simplified(arcs[i].turns, tolerance); });
  const auto label_of = [&](Region region) {
    return boundaries.labels[static_cast<std::size_t>(region)];
  };
  RingWalk walk(arcs);
  const std::vector<RegionRing> rings =
      rings_of(walk, 2 * arcs.size(), [&](Region region) { return wanted(label_of(region)); });
  for (std::size_t i = 0; i < rings.size();) {
    const Region region = rings[i].region;
    Polygon polygon{label_of(region), {}};
    for (; i < rings.size() && rings[i].region == region; ++i)
      polygon.rings.push_back(walk.points_of(rings[i].sides));
    const auto outer = std::find_if(polygon.rings.begin(), polygon.rings.end(),
                                    [](const Ring& ring) { return doubled_area(ring) > 0; });
    check_internal(outer != polygon.rings.end(), "a region has no outer ring");
    std::rotate(polygon.rings.begin(), outer, outer + 1);
    visit(polygon);
  }
}

}  // namespace histoloom
