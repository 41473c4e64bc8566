#include "histoloom/labels/tidy.h"

#include <algorithm>
#include <array>
#include <vector>

namespace histoloom {

namespace {

// The labels of a rectangle and of a margin around it, cut at the field's borders.
class Window {
 public:
  Window(const LabelField& field, const CellRect& rect, std::int64_t margin)
      : rect_(intersect({rect.x0 - margin, rect.y0 - margin, rect.x1 + margin, rect.y1 + margin},
                        CellRect::of(field.size()))),
        ids_(static_cast<std::size_t>(rect_.area())) {
    field.read(rect_, ids_.data());
  }

  std::int64_t cells() const { return rect_.area(); }
  LabelId& operator[](std::int64_t cell) { return ids_[static_cast<std::size_t>(cell)]; }
  LabelId operator[](std::int64_t cell) const { return ids_[static_cast<std::size_t>(cell)]; }

  template <class Visit>
  void for_each_neighbour(std::int64_t cell, Visit&& visit) const {
    const std::int64_t x = cell % rect_.width();
    if (x > 0) visit(cell - 1);
    if (x + 1 < rect_.width()) visit(cell + 1);
    if (cell >= rect_.width()) visit(cell - rect_.width());
    if (cell + rect_.width() < cells()) visit(cell + rect_.width());
  }

  void copy(const CellRect& part, LabelId* out) const {
    for (std::int64_t y = part.y0; y < part.y1; ++y)
      out = std::copy_n(ids_.data() + (y - rect_.y0) * rect_.width() + part.x0 - rect_.x0,
                        part.width(), out);
  }

 private:
  CellRect rect_;
  std::vector<LabelId> ids_;
};

class FieldWithoutGaps final : public LabelField {
 public:
  FieldWithoutGaps(std::unique_ptr<LabelField> field, const LabelSet& labels)
      : field_(std::move(field)), unknown_(labels.unknown()), glass_(labels.glass()) {}
  CellSize size() const override { return field_->size(); }

  void read(const CellRect& rect, LabelId* out) const override {
    field_->read(rect, out);
    if (std::find(out, out + rect.area(), unknown_) == out + rect.area()) return;
    Window window(*field_, rect, kGapReach);
    std::vector<std::int64_t> front = unknown_beside_tissue(window);
    for (std::int64_t step = 0; step < kGapReach && !front.empty(); ++step)
      front = advance(window, front);
    window.copy(rect, out);
  }

 private:
  bool spreads(LabelId id) const { return id != unknown_ && id != glass_; }

  std::vector<std::int64_t> unknown_beside_tissue(const Window& window) const {
    std::vector<std::int64_t> front;
    for (std::int64_t cell = 0; cell < window.cells(); ++cell) {
      if (window[cell] != unknown_) continue;
      bool beside = false;
      window.for_each_neighbour(cell, [&](std::int64_t n) { beside |= spreads(window[n]); });
      if (beside) front.push_back(cell);
    }
    return front;
  }

  // Labels the cells of the front, all at once, and returns the unknown cells behind it.
  std::vector<std::int64_t> advance(Window& window, const std::vector<std::int64_t>& front) const {
    std::vector<LabelId> labels(front.size(), 255);
    for (std::size_t i = 0; i < front.size(); ++i)
      window.for_each_neighbour(front[i], [&](std::int64_t n) {
        if (spreads(window[n])) labels[i] = std::min(labels[i], window[n]);
      });
    std::vector<std::int64_t> next;
    for (std::size_t i = 0; i < front.size(); ++i) window[front[i]] = labels[i];
    for (const std::int64_t cell : front)
      window.for_each_neighbour(cell, [&](std::int64_t n) {
        if (window[n] == unknown_) next.push_back(n);
      });
    std::sort(next.begin(), next.end());
    next.erase(std::unique(next.begin(), next.end()), next.end());
    return next;
  }

  std::unique_ptr<LabelField> field_;
  LabelId unknown_;
  std::optional<LabelId> glass_;
};

// The pieces of a window: which of its cells lie in specks. A piece that the window cuts and that
// reaches the rectangle in its middle is larger than the margin, so no speck.
class Specks {
 public:
  Specks(const Window& window, std::int64_t smallest)
      : window_(window), seen_(static_cast<std::size_t>(window.cells())) {
    speck_.resize(seen_.size());
    for (std::int64_t cell = 0; cell < window.cells(); ++cell) {
      if (seen_[static_cast<std::size_t>(cell)]) continue;
      std::vector<std::int64_t> piece = piece_of(cell);
      if (static_cast<std::int64_t>(piece.size()) >= smallest) continue;
      for (const std::int64_t c : piece) speck_[static_cast<std::size_t>(c)] = true;
      pieces_.push_back(std::move(piece));
    }
  }

  const std::vector<std::vector<std::int64_t>>& pieces() const { return pieces_; }

  // The label of most of the cells around a speck that lie in none; its own where there are none.
  LabelId around(const std::vector<std::int64_t>& piece) const {
    std::array<int, 256> votes{};
    for (const std::int64_t cell : piece)
      window_.for_each_neighbour(cell, [&](std::int64_t n) {
        if (!speck_[static_cast<std::size_t>(n)]) ++votes[window_[n]];
      });
    const auto most = std::max_element(votes.begin(), votes.end());
    return *most == 0 ? window_[piece[0]] : static_cast<LabelId>(most - votes.begin());
  }

 private:
  std::vector<std::int64_t> piece_of(std::int64_t start) {
    std::vector<std::int64_t> piece{start};
    seen_[static_cast<std::size_t>(start)] = true;
    for (std::size_t i = 0; i < piece.size(); ++i)
      window_.for_each_neighbour(piece[i], [&](std::int64_t n) {
        if (seen_[static_cast<std::size_t>(n)] || window_[n] != window_[start]) return;
        seen_[static_cast<std::size_t>(n)] = true;
        piece.push_back(n);
      });
    return piece;
  }

  const Window& window_;
  std::vector<bool> seen_, speck_;
  std::vector<std::vector<std::int64_t>> pieces_;
};

class FieldWithoutSpecks final : public LabelField {
 public:
  FieldWithoutSpecks(std::unique_ptr<LabelField> field, std::int64_t smallest)
      : field_(std::move(field)), smallest_(smallest) {}
  CellSize size() const override { return field_->size(); }

  void read(const CellRect& rect, LabelId* out) const override {
    // A speck in the rectangle reaches `smallest` - 2 cells out of it; so do those around it.
    const Window before(*field_, rect, 2 * smallest_);
    const Specks specks(before, smallest_);
    Window after = before;
    for (const std::vector<std::int64_t>& piece : specks.pieces()) {
      const LabelId id = specks.around(piece);
      for (const std::int64_t cell : piece) after[cell] = id;
    }
    after.copy(rect, out);
  }

 private:
  std::unique_ptr<LabelField> field_;
  std::int64_t smallest_;
};

}  // namespace

std::unique_ptr<LabelField> without_gaps(std::unique_ptr<LabelField> field,
                                         const LabelSet& labels) {
  return std::make_unique<FieldWithoutGaps>(std::move(field), labels);
}

std::unique_ptr<LabelField> without_specks(std::unique_ptr<LabelField> field,
                                           std::int64_t smallest) {
  if (smallest <= 1) return field;
  return std::make_unique<FieldWithoutSpecks>(std::move(field), smallest);
}

std::int64_t smallest_piece(CellSize size) {
  return std::clamp<std::int64_t>(size.area() / 1024, 1, 32);
}

}  // namespace histoloom
