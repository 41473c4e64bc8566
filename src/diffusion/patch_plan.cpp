#include "histoloom/diffusion/patch_plan.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

#include "histoloom/core/error.h"

namespace histoloom {

namespace {

// The grid's lines of one axis: 0, offset, offset + patch, …, length. One patch is not cut: both
// parts would read the same cells.
std::vector<std::int64_t> grid_lines(std::int64_t length, int patch, std::int64_t offset) {
  if (length == patch) return {0, length};
  std::vector<std::int64_t> lines{0};
  for (std::int64_t x = offset == 0 ? patch : offset; x < length; x += patch) lines.push_back(x);
  lines.push_back(length);
  return lines;
}

class ShiftedPlan final : public PatchPlan {
 public:
  ShiftedPlan(LatentSize canvas, int patch, std::uint64_t seed, int step)
      : canvas_(canvas), patch_(patch) {
    // R2: the steps of the golden ratio's two-dimensional sister, 1/g and 1/g², g³ = g + 1.
    constexpr double kX = 0.7548776662466927, kY = 0.5698402909980532;
    const CounterNoise noise(seed);
    const auto offset = [&](double stride, std::uint32_t axis) {
      const double start = static_cast<double>(noise.uniform(NoiseDomain::plan, 0, 0, 0, axis));
      const double u = start + stride * step;
      return static_cast<std::int64_t>((u - std::floor(u)) * patch);
    };
    xs_ = grid_lines(canvas.width, patch, offset(kX, 0));
    ys_ = grid_lines(canvas.height, patch, offset(kY, 1));
  }

  bool next(Crop& crop) override {
    const std::size_t columns = xs_.size() - 1;
    if (at_ == columns * (ys_.size() - 1)) return false;
    const std::size_t i = at_ % columns, j = at_ / columns;
    ++at_;
    crop.corner = {std::min(xs_[i], canvas_.width - patch_),
                   std::min(ys_[j], canvas_.height - patch_)};
    const LatentRect own{xs_[i], ys_[j], xs_[i + 1], ys_[j + 1]};
    crop.owned.assign(static_cast<std::size_t>(patch_) * static_cast<std::size_t>(patch_), 0);
    for (std::int64_t y = own.y0; y < own.y1; ++y) {
      const auto row = crop.owned.begin() + (y - crop.corner.y) * patch_ - crop.corner.x;
      std::fill(row + own.x0, row + own.x1, std::uint8_t{1});
    }
    return true;
  }

 private:
  LatentSize canvas_;
  std::int64_t patch_;
  std::vector<std::int64_t> xs_, ys_;
  std::size_t at_ = 0;
};

// A permutation of [0, n) without a table: a Feistel network over the next even power of two,
// walked until it lands inside.
class Permutation {
 public:
  Permutation(std::uint64_t n, std::uint64_t seed, int step)
      : n_(n),
        half_bits_((std::max(2, static_cast<int>(std::bit_width(n - 1))) + 1) / 2),
        noise_(seed),
        step_(step) {}

  std::uint64_t operator()(std::uint64_t i) const {
    do {
      i = round_trip(i);
    } while (i >= n_);
    return i;
  }

 private:
  std::uint64_t round_trip(std::uint64_t i) const {
    const std::uint64_t mask = (std::uint64_t{1} << half_bits_) - 1;
    std::uint64_t left = i >> half_bits_, right = i & mask;
    for (std::uint32_t r = 0; r < 4; ++r) {
      const PhiloxCounter w =
          noise_.words(NoiseDomain::plan, static_cast<std::int64_t>(right),
                       static_cast<std::int64_t>(r), static_cast<std::uint32_t>(step_), 2);
      const std::uint64_t mixed = left ^ (w[0] & mask);
      left = right;
      right = mixed;
    }
    return left << half_bits_ | right;
  }

  std::uint64_t n_;
  int half_bits_;
  CounterNoise noise_;
  int step_;
};

class RandomPlan final : public PatchPlan {
 public:
  RandomPlan(LatentSize canvas, int patch, std::uint64_t seed, int step)
      : canvas_(canvas),
        patch_(patch),
        cells_(static_cast<std::uint64_t>(canvas.area())),
        covered_(cells_),
        order_(cells_, seed, step) {}

  bool next(Crop& crop) override {
    // Find the next cell, in random order, that no crop covers.
    std::uint64_t cell = 0;
    do {
      if (at_ == cells_) return false;
      cell = order_(at_++);
    } while (covered_[cell]);

    // Centre a patch on it, clamped, and own what is still free.
    const auto x = static_cast<std::int64_t>(cell) % canvas_.width;
    const auto y = static_cast<std::int64_t>(cell) / canvas_.width;
    crop.corner = {std::clamp<std::int64_t>(x - patch_ / 2, 0, canvas_.width - patch_),
                   std::clamp<std::int64_t>(y - patch_ / 2, 0, canvas_.height - patch_)};
    crop.owned.clear();
    for (std::int64_t v = 0; v < patch_; ++v) {
      for (std::int64_t u = 0; u < patch_; ++u) {
        auto bit = covered_[static_cast<std::size_t>((crop.corner.y + v) * canvas_.width +
                                                     crop.corner.x + u)];
        crop.owned.push_back(!bit);
        bit = true;
      }
    }
    return true;
  }

 private:
  LatentSize canvas_;
  std::int64_t patch_;
  std::uint64_t cells_, at_ = 0;
  std::vector<bool> covered_;
  Permutation order_;
};

}  // namespace

std::unique_ptr<PatchPlan> make_plan(PlanKind kind, LatentSize canvas, int patch,
                                     std::uint64_t seed, int step) {
  check_internal(canvas.width >= patch && canvas.height >= patch, "a canvas smaller than a patch");
  if (kind == PlanKind::random) return std::make_unique<RandomPlan>(canvas, patch, seed, step);
  return std::make_unique<ShiftedPlan>(canvas, patch, seed, step);
}

int tapered_overlap(int patch) { return std::max(1, patch / 4); }

TaperedAxis make_tapered_axis(std::int64_t length, int patch, int overlap) {
  check_internal(length >= patch && overlap > 0 && overlap <= patch / 2,
                 "an axis that patches can't taper over");
  // Spread the patches evenly; rounding down keeps neighbours at least `overlap` apart.
  TaperedAxis axis;
  const std::int64_t count = length == patch ? 1 : 1 + divide_up(length - patch, patch - overlap);
  for (std::int64_t i = 0; i < count; ++i)
    axis.starts.push_back(count == 1 ? 0 : (length - patch) * i / (count - 1));

  // Raised cosine over what neighbours share, then divide by the sum so that it is one everywhere.
  std::vector<double> sum(static_cast<std::size_t>(length));
  std::vector<std::vector<double>> raw;
  for (const std::int64_t start : axis.starts) {
    auto& w = raw.emplace_back();
    for (int i = 0; i < patch; ++i) {
      const double edge = std::min({i + 0.5, patch - i - 0.5, static_cast<double>(overlap)});
      const double rise = std::sin(std::numbers::pi / 2 * edge / overlap);
      w.push_back(rise * rise);
      sum[static_cast<std::size_t>(start + i)] += w.back();
    }
  }
  for (std::size_t k = 0; k < raw.size(); ++k) {
    auto& w = axis.weights.emplace_back();
    for (std::size_t i = 0; i < raw[k].size(); ++i)
      w.push_back(
          static_cast<float>(raw[k][i] / sum[static_cast<std::size_t>(axis.starts[k]) + i]));
  }
  return axis;
}

TaperedPlan::TaperedPlan(LatentSize canvas, int patch)
    : patch_(patch),
      xs_(make_tapered_axis(canvas.width, patch, tapered_overlap(patch))),
      ys_(make_tapered_axis(canvas.height, patch, tapered_overlap(patch))) {}

std::int64_t TaperedPlan::crops() const {
  return static_cast<std::int64_t>(xs_.starts.size() * ys_.starts.size());
}

bool TaperedPlan::next(Crop& crop) {
  if (given_ == crops()) return false;
  const auto columns = static_cast<std::int64_t>(xs_.starts.size());
  crop.corner = {xs_.starts[static_cast<std::size_t>(given_ % columns)],
                 ys_.starts[static_cast<std::size_t>(given_ / columns)]};
  crop.owned.assign(static_cast<std::size_t>(patch_) * static_cast<std::size_t>(patch_), 1);
  ++given_;
  return true;
}

}  // namespace histoloom
