#include "simplify.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace histoloom {

namespace {

constexpr std::size_t kLookAhead = 256;  // points that one line may pass: bounds the time

struct Direction {
  double x = 0, y = 0;
};

Direction between(HalfCell a, HalfCell b) {
  return {static_cast<double>(b.x - a.x), static_cast<double>(b.y - a.y)};
}
double cross(Direction a, Direction b) { return a.x * b.y - a.y * b.x; }
double dot(Direction a, Direction b) { return a.x * b.x + a.y * b.y; }
// By the sine and cosine of an angle, x towards y.
Direction turned(Direction d, double sine, double cosine) {
  return {cosine * d.x - sine * d.y, sine * d.x + cosine * d.y};
}

// The directions from a point in which a line passes all turns so far within the tolerance.
class Wedge {
 public:
  Wedge(HalfCell apex, double tolerance) : apex_(apex), tolerance_(tolerance) {}

  // False once no line can pass.
  bool narrow(HalfCell turn) {
    const Direction to = between(apex_, turn);
    const double distance = std::hypot(to.x, to.y);
    reach_ = std::max(reach_, distance);
    if (distance <= tolerance_) return true;
    const double sine = tolerance_ / distance, cosine = std::sqrt(1 - sine * sine);
    const Direction unit{to.x / distance, to.y / distance};
    const Direction low = turned(unit, -sine, cosine), high = turned(unit, sine, cosine);
    if (!bounded_) {
      bounded_ = true;
      first_ = unit, low_ = low, high_ = high;
      return true;
    }
    if (dot(unit, first_) <= 0) return false;  // the boundary turns back
    if (cross(low_, low) > 0) low_ = low;
    if (cross(high_, high) < 0) high_ = high;
    return cross(low_, high_) >= 0;
  }

  // Whether the line to `end` passes all turns, none of which lies beyond it.
  bool allows(HalfCell end) const {
    const Direction to = between(apex_, end);
    if (dot(to, to) < reach_ * reach_) return false;
    return !bounded_ || (dot(to, first_) > 0 && cross(low_, to) >= 0 && cross(to, high_) >= 0);
  }

 private:
  HalfCell apex_;
  double tolerance_;
  double reach_ = 0;  // of the farthest turn
  bool bounded_ = false;
  Direction first_, low_, high_;
};

struct Candidate {
  HalfCell at;
  bool turn;
};

// The points that lines may join: turns, and the middles of the first and last side of each run.
std::vector<Candidate> candidates_of(const std::vector<HalfCell>& turns, bool middles) {
  std::vector<Candidate> out{{turns[0], true}};
  for (std::size_t i = 1; i < turns.size(); ++i) {
    const HalfCell a = turns[i - 1], b = turns[i];
    const std::int32_t length = std::abs(b.x - a.x) + std::abs(b.y - a.y);
    const std::int32_t dx = (b.x - a.x) / length, dy = (b.y - a.y) / length;
    if (middles) out.push_back({{a.x + dx, a.y + dy}, false});
    if (middles && length > 2) out.push_back({{b.x - dx, b.y - dy}, false});
    out.push_back({b, true});
  }
  return out;
}

// Twice the area that the points up to each sweep over as seen from the first.
std::vector<double> sweep_of(const std::vector<Candidate>& points) {
  std::vector<double> sums{0};
  const HalfCell origin = points[0].at;
  for (std::size_t i = 1; i < points.size(); ++i)
    sums.push_back(sums.back() +
                   cross(between(origin, points[i - 1].at), between(origin, points[i].at)));
  return sums;
}

// The best way to each point: what it costs, and the point that its last line comes from.
struct Path {
  double cost = std::numeric_limits<double>::infinity();
  std::size_t from = 0;
};

std::vector<Path> shortest_paths(const std::vector<Candidate>& points, double tolerance) {
  const std::vector<double> sweep = sweep_of(points);
  std::vector<Path> paths(points.size());
  paths[0].cost = 0;
  for (std::size_t i = 0; i + 1 < points.size(); ++i) {
    Wedge wedge(points[i].at, tolerance);
    const Direction start = between(points[0].at, points[i].at);
    const std::size_t last = std::min(points.size() - 1, i + kLookAhead);
    for (std::size_t k = i + 1; k <= last; ++k) {
      // To the next point always: whatever the rounding, a path must exist.
      if (k == i + 1 || wedge.allows(points[k].at)) {
        const double twice_moved =
            sweep[k] - sweep[i] + cross(between(points[0].at, points[k].at), start);
        const double cost = paths[i].cost + 1 + std::abs(twice_moved) / 2;
        if (cost < paths[k].cost) paths[k] = {cost, i};
      }
      if (points[k].turn && !wedge.narrow(points[k].at)) break;
    }
  }
  return paths;
}

}  // namespace

std::vector<HalfCell> simplified(const std::vector<HalfCell>& turns, double tolerance) {
  const std::vector<Candidate> points = candidates_of(turns, tolerance > 0);
  const std::vector<Path> paths = shortest_paths(points, tolerance);
  std::vector<HalfCell> out;
  for (std::size_t at = points.size() - 1; at != 0; at = paths[at].from)
    out.push_back(points[at].at);
  out.push_back(points[0].at);
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace histoloom
