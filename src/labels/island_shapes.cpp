#include "island_shapes.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "gradient_noise.h"
#include "histoloom/core/error.h"

namespace histoloom {

namespace {

constexpr double kPi = std::numbers::pi;

// Draws the numbers of a plan one after another, apart from the noise fields' own.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : noise_(seed) {}
  double between(double low, double high) {
    const float u = noise_.uniform(NoiseDomain::layout, next_++, 0, kStep, 0);
    return low + (high - low) * static_cast<double>(u);
  }
  int below(int count) { return std::min(count - 1, static_cast<int>(between(0, count))); }
  const CounterNoise& noise() const { return noise_; }

 private:
  static constexpr std::uint32_t kStep = 1;  // gradient noise draws at step 0
  CounterNoise noise_;
  std::int64_t next_ = 0;
};

struct Frame {
  double x0, y0, x1, y1;
  double width() const { return x1 - x0; }
  double height() const { return y1 - y0; }
};

float border_distance(const Frame& frame, double x, double y) {
  return static_cast<float>(std::min({x - frame.x0, y - frame.y0, frame.x1 - x, frame.y1 - y}));
}

// Glass that stays free along the slide's borders.
Frame inside_margin(CellSize size, double share) {
  const double margin = share * static_cast<double>(std::min(size.width, size.height));
  return {margin, margin, static_cast<double>(size.width) - margin,
          static_cast<double>(size.height) - margin};
}

// ---- Resections: one to a few pieces, rounded boxes with now and then a cut side.

struct Island {
  double x, y, half_width, half_height, cos, sin, squareness;
  double cut_x, cut_y, cut_at;  // the half plane that a scalpel left
};

class Resection final : public IslandShapes {
 public:
  Resection(CellSize size, const LayoutOptions& options)
      : frame_(inside_margin(size, options.tissue_fraction < 0.7 ? 0.03 : 0.0)),
        share_(options.tissue_fraction) {
    Draw draw(options.seed);
    const double long_side = static_cast<double>(std::max(size.width, size.height));
    const double aspect = long_side / static_cast<double>(std::min(size.width, size.height));
    const double pick = draw.between(0, 1);
    int count = pick < 0.45 ? 1 : pick < 0.8 ? 2 : 3;
    if (share_ > 0.7) count = 1;
    // Long slides hold pieces side by side.
    count = std::min(std::max(count, static_cast<int>(std::floor(aspect / 1.6))), 12);
    if (options.pieces > 0) count = options.pieces;
    split(frame_, count, draw);
    radius_ = 1e30;
    for (const Island& p : pieces_) {
      radius_ = std::min({radius_, p.half_width, p.half_height});
    }
  }

  float distance(double x, double y) const override {
    double best = -1e30;
    for (const Island& p : pieces_) {
      const double dx = x - p.x;
      const double dy = y - p.y;
      const double u = (p.cos * dx + p.sin * dy) / p.half_width;
      const double v = (p.cos * dy - p.sin * dx) / p.half_height;
      const double round = std::sqrt(u * u + v * v);
      const double square = std::sqrt(std::sqrt(u * u * u * u + v * v * v * v));
      const double edge = 1 - (round + p.squareness * (square - round));
      const double cut = p.cut_at - (p.cut_x * u + p.cut_y * v);
      best = std::max(best, std::min(edge, cut) * std::min(p.half_width, p.half_height));
    }
    return std::min(static_cast<float>(best), border_distance(frame_, x, y));
  }
  double radius() const override { return radius_; }
  double folding() const override { return 0.30; }

 private:
  // Halves the frame, across its longer side and not quite in the middle, until each part has
  // one piece.
  void split(const Frame& f, int count, Draw& draw) {
    if (count == 1) return pieces_.push_back(island_in(f, draw));
    const int first = count / 2;
    const double at = static_cast<double>(first) / count + draw.between(-0.09, 0.09);
    Frame a = f;
    Frame b = f;
    if (f.width() >= f.height()) {
      a.x1 = b.x0 = f.x0 + at * f.width();
    } else {
      a.y1 = b.y0 = f.y0 + at * f.height();
    }
    split(a, first, draw);
    split(b, count - first, draw);
  }

  Island island_in(const Frame& f, Draw& draw) const {
    // A rounded box fills about 0.8 of its frame. Length against width varies with the area kept.
    const double scale = std::min(1.0, std::sqrt(share_ / 0.80));
    const double slimness = std::min(draw.between(0.84, 1.19), 0.98 / scale);
    const double half_width = 0.5 * f.width() * scale * slimness;
    const double half_height = 0.5 * f.height() * std::min(0.98, scale / slimness);
    const double free_x = 0.4 * (f.width() - 2 * half_width);
    const double free_y = 0.4 * (f.height() - 2 * half_height);
    const double turn = draw.between(-0.45, 0.45);
    const double cut = draw.between(0, 2 * kPi);
    return {(f.x0 + f.x1) / 2 + draw.between(-0.5, 0.5) * free_x,
            (f.y0 + f.y1) / 2 + draw.between(-0.5, 0.5) * free_y,
            half_width,
            half_height,
            std::cos(turn),
            std::sin(turn),
            draw.between(0.0, 0.9),
            std::cos(cut),
            std::sin(cut),
            draw.between(0.55, 1.15)};
  }

  Frame frame_;
  double share_;
  double radius_;
  std::vector<Island> pieces_;
};

// ---- Biopsies: slender cores side by side along the slide, bent and broken here and there.

class Biopsy final : public IslandShapes {
 public:
  Biopsy(CellSize size, const LayoutOptions& options)
      : along_x_(size.width >= size.height),
        length_(static_cast<double>(std::max(size.width, size.height))),
        depth_(static_cast<double>(std::min(size.width, size.height))),
        bend_(CounterNoise(options.seed), 40, 0.55 * length_),
        breaks_(CounterNoise(options.seed), 41, 0.18 * length_) {
    Draw draw(options.seed);
    // Needles take cores of about a millimetre.
    const double share = std::clamp(options.tissue_fraction, 0.01, 0.95);
    const double needle = 1000.0 / options.microns_per_cell;
    const double wanted = share * depth_ / (0.85 * needle);
    const int count = options.pieces > 0 ? options.pieces
                                         : std::clamp(static_cast<int>(std::lround(wanted)), 1, 8);
    half_width_ = std::max(0.5, share * depth_ / (0.85 * count) / 2);
    pitch_ = depth_ / count;
    for (int i = 0; i < count; ++i) {
      const double start = draw.between(0.03, 0.10) * length_;
      cores_.push_back({(i + 0.5) * pitch_, start, length_ - draw.between(0.03, 0.10) * length_});
    }
  }

  float distance(double x, double y) const override {
    const double u = along_x_ ? x : y;
    const double v = along_x_ ? y : x;
    double best = -1e30;
    for (std::size_t i = 0; i < cores_.size(); ++i) {
      const Core& core = cores_[i];
      const double row = 3.0 * static_cast<double>(i) * length_;
      const double sway = std::max(0.15 * pitch_, 0.45 * (pitch_ - 2 * half_width_));
      const double middle = core.middle + sway * static_cast<double>(bend_.at(u, row));
      // A core thins where it is about to break, and is parted where it did.
      const double thin = static_cast<double>(breaks_.at(u, row)) - 0.42;
      const double half = half_width_ * (1 - std::max(0.0, 6 * thin));
      best = std::max(best, std::min({half - std::abs(v - middle), u - core.start, core.end - u}));
    }
    return static_cast<float>(best);
  }
  double radius() const override { return half_width_; }
  double folding() const override { return 0.14; }

 private:
  struct Core {
    double middle, start, end;
  };
  bool along_x_;
  double length_;
  double depth_;
  GradientNoise bend_;
  GradientNoise breaks_;
  double half_width_;
  double pitch_;
  std::vector<Core> cores_;
};

// ---- Tissue microarrays: round cores on a grid, a little off it, some of them lost in part.

class Microarray final : public IslandShapes {
 public:
  Microarray(CellSize size, const LayoutOptions& options) {
    Draw draw(options.seed);
    const double share = std::clamp(options.tissue_fraction, 0.01, 0.95);
    // Punches of about a millimetre; the pitch follows from the share of tissue.
    const double punch = 1000.0 / options.microns_per_cell;
    const double pitch = 0.5 * punch / std::sqrt(share / kPi);
    const auto count = [&](std::int64_t side) {
      return std::clamp(static_cast<int>(std::lround(static_cast<double>(side) / pitch)), 1, 200);
    };
    columns_ = count(size.width);
    rows_ = count(size.height);
    if (options.pieces > 0) lay_out(options.pieces, size);
    pitch_x_ = static_cast<double>(size.width) / columns_;
    pitch_y_ = static_cast<double>(size.height) / rows_;
    radius_ = std::sqrt(share * pitch_x_ * pitch_y_ / kPi);
    for (int i = 0; i < columns_ * rows_; ++i) {
      cores_.push_back(core(draw));
      if (options.pieces == 0) continue;
      // As many as asked for are there; the last row may be shorter.
      double& cut_at = cores_.back().cut_at;
      cut_at = i >= options.pieces ? kGone : cut_at == kGone ? kWhole : cut_at;
    }
  }

  float distance(double x, double y) const override {
    const int column = std::clamp(static_cast<int>(x / pitch_x_), 0, columns_ - 1);
    const int row = std::clamp(static_cast<int>(y / pitch_y_), 0, rows_ - 1);
    double best = -1e30;
    for (int r = std::max(0, row - 1); r <= std::min(rows_ - 1, row + 1); ++r) {
      for (int c = std::max(0, column - 1); c <= std::min(columns_ - 1, column + 1); ++c) {
        best = std::max(best, distance_to(c, r, x, y));
      }
    }
    return static_cast<float>(best);
  }
  double radius() const override { return radius_; }
  double folding() const override { return 0.10; }

 private:
  struct Core {
    double shift_x, shift_y, scale, cut_x, cut_y, cut_at;
  };
  static constexpr double kWhole = 2.0, kGone = -2.0;  // of Core::cut_at

  // Rows and columns for a number of cores, as square as the slide.
  void lay_out(int cores, CellSize size) {
    const double aspect = static_cast<double>(size.width) / static_cast<double>(size.height);
    columns_ = std::clamp(static_cast<int>(std::lround(std::sqrt(cores * aspect))), 1, cores);
    rows_ = (cores + columns_ - 1) / columns_;
  }

  Core core(Draw& draw) const {
    const double cut = draw.between(0, 2 * kPi);
    const double fate = draw.between(0, 1);
    // One core in ten lost a part, one in forty is gone; a lone core stays.
    const bool lone = columns_ * rows_ < 6;
    const double cut_at = lone || fate < 0.9 ? kWhole
                          : fate < 0.975     ? draw.between(-0.3, 0.6)
                                             : kGone;
    return {draw.between(-0.05, 0.05),
            draw.between(-0.05, 0.05),
            draw.between(0.94, 1.06),
            std::cos(cut),
            std::sin(cut),
            cut_at};
  }

  double distance_to(int column, int row, double x, double y) const {
    const Core& core = cores_[static_cast<std::size_t>(row) * static_cast<std::size_t>(columns_) +
                              static_cast<std::size_t>(column)];
    const double dx = x - (column + 0.5 + core.shift_x) * pitch_x_;
    const double dy = y - (row + 0.5 + core.shift_y) * pitch_y_;
    const double r = radius_ * core.scale;
    return std::min(r - std::sqrt(dx * dx + dy * dy),
                    core.cut_at * r - (core.cut_x * dx + core.cut_y * dy));
  }

  int columns_;
  int rows_;
  double pitch_x_;
  double pitch_y_;
  double radius_;
  std::vector<Core> cores_;
};

}  // namespace

std::unique_ptr<IslandShapes> make_island_shapes(CellSize size, const LayoutOptions& options) {
  switch (options.kind) {
    case LayoutKind::tissue:
      return std::make_unique<Resection>(size, options);
    case LayoutKind::biopsy:
      return std::make_unique<Biopsy>(size, options);
    case LayoutKind::tma:
      return std::make_unique<Microarray>(size, options);
    case LayoutKind::full:
      break;
  }
  throw InternalError("a full layout has no islands");
}

}  // namespace histoloom
