#include "boundaries.h"

#include <algorithm>
#include <utility>

#include "histoloom/core/error.h"

namespace histoloom {

namespace {

constexpr LabelId kNoLabel = 255;  // of what lies outside
constexpr std::int32_t kNone = -1;

// Which runs of cells are one region: union-find, the lowest number leads.
class RegionTable {
 public:
  RegionTable() { add(kNoLabel); }

  Region add(LabelId label) {
    parents_.push_back(static_cast<Region>(parents_.size()));
    labels_.push_back(label);
    return parents_.back();
  }
  Region find(Region r) {
    while (parent(r) != r) r = parent(r) = parent(parent(r));
    return r;
  }
  void join(Region a, Region b) {
    a = find(a), b = find(b);
    parent(std::max(a, b)) = std::min(a, b);
  }
  // Numbers the regions without gaps and returns their labels; find() gives the new numbers.
  std::vector<LabelId> number_regions() {
    std::vector<LabelId> labels;
    std::vector<Region> number(parents_.size());
    for (Region r = 0; std::cmp_less(r, parents_.size()); ++r) {
      const auto i = static_cast<std::size_t>(r);
      const Region root = find(r);
      number[i] =
          root == r ? static_cast<Region>(labels.size()) : number[static_cast<std::size_t>(root)];
      if (root == r) labels.push_back(labels_[i]);
    }
    numbers_ = std::move(number);
    return labels;
  }
  Region number_of(Region r) const { return numbers_[static_cast<std::size_t>(r)]; }

 private:
  Region& parent(Region r) { return parents_[static_cast<std::size_t>(r)]; }
  std::vector<Region> parents_, numbers_;
  std::vector<LabelId> labels_;
};

// A piece of a boundary as one sweep from the top left finds it: it runs right and down only. Its
// ends are nodes, or joined to the end of another piece: heads to heads, tails to tails.
struct Piece {
  std::vector<HalfCell> turns;
  std::int32_t before_head = kNone, after_tail = kNone;
  Region left = kOutside, right = kOutside;
  Heading first = Heading::east, last = Heading::east;
  bool taken = false;
};

class Sweep {
 public:
  Sweep(const LabelField& field, RegionTable& regions)
      : field_(field),
        size_(field.size()),
        regions_(regions),
        above_(size_.width + 2),
        below_(size_.width + 2),
        down_(static_cast<std::size_t>(size_.width + 1), kNone) {}

  std::vector<Piece> run(const std::function<void(std::int64_t)>& on_row) {
    for (std::int64_t y = 0; y <= size_.height; ++y) {
      read_row(y);
      right_ = kNone;
      for (std::int64_t x = 0; x <= size_.width; ++x) visit(x, y);
      std::swap(above_, below_);
      on_row(y);
    }
    return std::move(pieces_);
  }

 private:
  // A row of cells with one from outside at either end.
  struct Row {
    explicit Row(std::int64_t cells)
        : labels(static_cast<std::size_t>(cells), kNoLabel),
          regions(static_cast<std::size_t>(cells), kOutside) {}
    std::vector<LabelId> labels;
    std::vector<Region> regions;
  };

  void read_row(std::int64_t y) {
    const auto width = static_cast<std::size_t>(size_.width);
    if (y == size_.height) {
      below_ = Row(size_.width + 2);
      return;
    }
    field_.read({0, y, size_.width, y + 1}, below_.labels.data() + 1);
    for (std::size_t i = 1; i <= width; ++i) {
      const LabelId label = below_.labels[i];
      check_internal(label != kNoLabel, "a label id of 255 can't be traced");
      const bool like_left = label == below_.labels[i - 1], like_above = label == above_.labels[i];
      if (like_left && like_above) regions_.join(below_.regions[i - 1], above_.regions[i]);
      below_.regions[i] = like_left    ? below_.regions[i - 1]
                          : like_above ? above_.regions[i]
                                       : regions_.add(label);
    }
  }

  // Carries boundaries over the corner at (x, y): `right_` and `down_` hold the pieces that come
  // from the left and from above, and afterwards those that leave.
  void visit(std::int64_t x, std::int64_t y) {
    const auto i = static_cast<std::size_t>(x);  // the cells left of the corner
    const LabelId nw = above_.labels[i], ne = above_.labels[i + 1];
    const LabelId sw = below_.labels[i], se = below_.labels[i + 1];
    if (nw == ne && sw == se && nw == sw) return;
    const bool to_right = ne != se, to_down = sw != se;
    const std::int32_t left = right_, up = down_[i];
    const int edges = (left != kNone) + (up != kNone) + to_right + to_down;
    const bool slide_corner = (x == 0 || x == size_.width) && (y == 0 || y == size_.height);
    corner_ = {static_cast<std::int32_t>(2 * x), static_cast<std::int32_t>(2 * y)};
    right_ = down_[i] = kNone;
    if (edges > 2 || slide_corner) {
      finish(left);
      finish(up);
      if (to_right) right_ = start_right(i);
      if (to_down) down_[i] = start_down(i);
    } else if (to_right && to_down) {
      right_ = start_right(i);
      down_[i] = start_down(i);
      piece(right_).before_head = down_[i];
      piece(down_[i]).before_head = right_;
    } else if (left != kNone && up != kNone) {
      finish(left);
      finish(up);
      piece(left).after_tail = up;
      piece(up).after_tail = left;
    } else if (to_right) {
      right_ = left != kNone ? left : turn(up, Heading::east);
    } else {
      down_[i] = up != kNone ? up : turn(left, Heading::south);
    }
  }

  Piece& piece(std::int32_t index) { return pieces_[static_cast<std::size_t>(index)]; }

  std::int32_t start(Heading heading, Region left, Region right) {
    pieces_.push_back({{corner_}, kNone, kNone, left, right, heading, heading});
    return static_cast<std::int32_t>(pieces_.size() - 1);
  }
  std::int32_t start_right(std::size_t i) {
    return start(Heading::east, above_.regions[i + 1], below_.regions[i + 1]);
  }
  std::int32_t start_down(std::size_t i) {
    return start(Heading::south, below_.regions[i + 1], below_.regions[i]);
  }
  std::int32_t turn(std::int32_t index, Heading heading) {
    piece(index).turns.push_back(corner_);
    piece(index).last = heading;
    return index;
  }
  void finish(std::int32_t index) {
    if (index != kNone) piece(index).turns.push_back(corner_);
  }

  const LabelField& field_;
  CellSize size_;
  RegionTable& regions_;
  Row above_, below_;
  std::vector<std::int32_t> down_;
  std::int32_t right_ = kNone;
  HalfCell corner_;
  std::vector<Piece> pieces_;
};

// Strings pieces together from node to node, or around.
class Stringing {
 public:
  explicit Stringing(std::vector<Piece> pieces) : pieces_(std::move(pieces)) {}

  std::vector<Arc> run() {
    std::vector<Arc> arcs;
    for (const bool nodes : {true, false}) {
      for (std::size_t i = 0; i < pieces_.size(); ++i) {
        const Piece& p = pieces_[i];
        if (p.taken) continue;
        if (!nodes || p.before_head == kNone) {
          arcs.push_back(from(i, true));
          arcs.back().closed = !nodes;
        } else if (p.after_tail == kNone) {
          arcs.push_back(from(i, false));
        }
      }
    }
    return arcs;
  }

 private:
  // The arc that starts with a piece, along it or against it.
  Arc from(std::size_t i, bool forward) {
    Arc arc;
    arc.left = forward ? pieces_[i].left : pieces_[i].right;
    arc.right = forward ? pieces_[i].right : pieces_[i].left;
    arc.first = forward ? pieces_[i].first : reversed(pieces_[i].last);
    for (;;) {
      Piece& p = pieces_[i];
      p.taken = true;
      if (!forward) std::reverse(p.turns.begin(), p.turns.end());
      const bool joined = !arc.turns.empty();  // at a turn that the arc already has
      arc.turns.insert(arc.turns.end(), p.turns.begin() + joined, p.turns.end());
      p.turns = {};
      arc.last = forward ? p.last : reversed(p.first);
      const std::int32_t next = forward ? p.after_tail : p.before_head;
      if (next == kNone || pieces_[static_cast<std::size_t>(next)].taken) return arc;
      i = static_cast<std::size_t>(next);
      forward = !forward;
    }
  }

  std::vector<Piece> pieces_;
};

}  // namespace

Boundaries find_boundaries(const LabelField& field,
                           const std::function<void(std::int64_t)>& on_row) {
  RegionTable regions;
  Boundaries out;
  out.arcs = Stringing(Sweep(field, regions).run(on_row)).run();
  out.labels = regions.number_regions();
  for (Arc& arc : out.arcs) {
    arc.left = regions.number_of(arc.left);
    arc.right = regions.number_of(arc.right);
  }
  return out;
}

}  // namespace histoloom
