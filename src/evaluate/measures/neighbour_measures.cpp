#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "draw.h"
#include "histoloom/core/error.h"
#include "histoloom/evaluate/feature_measures.h"
#include "neighbours.h"

namespace histoloom::evaluate {

namespace {

// The share of `images` that lie in the ball of any row of `manifold`.
double share_within(const Features& images, const Features& manifold, std::size_t k) {
  const std::vector<double> reach = squared_reach(manifold, k);
  std::size_t within = 0;
  for (std::size_t i = 0; i < images.count(); ++i) {
    for (std::size_t j = 0; j < manifold.count(); ++j) {
      if (squared_distance(images.row(i), manifold.row(j)) > reach[j]) continue;
      ++within;
      break;
    }
  }
  return static_cast<double>(within) / static_cast<double>(images.count());
}

// ---- k-means (Lloyd's algorithm from the seeds of k-means++, Arthur and Vassilvitskii 2007)

Features seed_centres(const Features& points, std::size_t clusters, std::uint64_t seed) {
  const Draw draw(seed, Purpose::clusters);
  Features centres{points.dimensions, {}};
  std::vector<double> squared(points.count(), 1);  // to the nearest centre; equal for the first
  for (std::size_t c = 0; c < clusters; ++c) {
    double total = 0;
    for (const double v : squared) total += v;
    double left = draw.uniform(static_cast<std::int64_t>(c)) * total;
    std::size_t chosen = 0;
    while (chosen + 1 < points.count() && (left -= squared[chosen]) >= 0) ++chosen;
    const auto row = points.row(chosen);
    centres.values.insert(centres.values.end(), row.begin(), row.end());
    for (std::size_t i = 0; i < points.count(); ++i) {
      const double d = squared_distance(points.row(i), row);
      squared[i] = c == 0 ? d : std::min(squared[i], d);
    }
  }
  return centres;
}

// Moves each centre to the mean of its points; one without points stays. False when nothing moved.
bool move_centres(Features& centres, const Features& points, const std::vector<Nearest>& cells) {
  Features moved = centres;
  std::vector<double> sums(centres.values.size());
  std::vector<double> counts(centres.count());
  for (std::size_t i = 0; i < points.count(); ++i) {
    counts[cells[i].index] += 1;
    for (std::size_t d = 0; d < points.dimensions; ++d)
      sums[cells[i].index * points.dimensions + d] += static_cast<double>(points.row(i)[d]);
  }
  for (std::size_t i = 0; i < sums.size(); ++i)
    if (const double n = counts[i / points.dimensions]; n > 0)
      moved.values[i] = static_cast<float>(sums[i] / n);
  std::swap(centres.values, moved.values);
  return moved.values != centres.values;
}

Features k_means(const Features& points, std::size_t clusters, std::uint64_t seed) {
  constexpr int kMaxRounds = 100;
  Features centres = seed_centres(points, clusters, seed);
  for (int round = 0; round < kMaxRounds; ++round)
    if (!move_centres(centres, points, nearest(points, centres))) break;
  return centres;
}

// The images of a set in each cell.
std::vector<Features> by_cell(const Features& images, const Features& centres) {
  std::vector<Features> out(centres.count(), Features{images.dimensions, {}});
  const std::vector<Nearest> cells = nearest(images, centres);
  for (std::size_t i = 0; i < images.count(); ++i) {
    auto& values = out[cells[i].index].values;
    values.insert(values.end(), images.row(i).begin(), images.row(i).end());
  }
  return out;
}

std::vector<double> distances(const Features& images, const Features& training) {
  std::vector<double> out;
  for (const Nearest& match : nearest(images, training)) out.push_back(match.squared);
  return out;
}

// Mann and Whitney's U in deviations: how often `a` is above `b`, a tie counting half.
double mann_whitney_z(const std::vector<double>& a, const std::vector<double>& b) {
  double u = 0;
  for (const double x : a)
    for (const double y : b) u += x > y ? 1 : x == y ? 0.5 : 0;
  const auto n = static_cast<double>(a.size()), m = static_cast<double>(b.size());
  return (u - n * m / 2) / std::sqrt(n * m * (n + m + 1) / 12);
}

}  // namespace

PrecisionRecall precision_recall(const Features& real, const Features& generated, std::size_t k) {
  return {share_within(generated, real, k), share_within(real, generated, k)};
}

double authenticity(const Features& training, const Features& generated) {
  const std::vector<double> reach = squared_reach(training, 1);
  std::size_t authentic = 0;
  for (const Nearest& match : nearest(generated, training))
    authentic += match.squared > reach[match.index];
  return static_cast<double>(authentic) / static_cast<double>(generated.count());
}

std::optional<double> data_copying(const Features& training, const Features& held_out,
                                   const Features& generated, const DataCopyingOptions& options) {
  check_internal(options.clusters >= 1 && training.count() >= options.clusters,
                 "more clusters than images");
  const Features centres = k_means(training, options.clusters, options.seed);
  const auto learnt = by_cell(training, centres), tested = by_cell(held_out, centres),
             made = by_cell(generated, centres);
  double sum = 0, weight = 0;
  for (std::size_t cell = 0; cell < options.clusters; ++cell) {
    if (learnt[cell].count() == 0 || tested[cell].count() == 0 ||
        made[cell].count() < options.least_generated)
      continue;
    const auto n = static_cast<double>(tested[cell].count());
    sum += n * mann_whitney_z(distances(made[cell], learnt[cell]),
                              distances(tested[cell], learnt[cell]));
    weight += n;
  }
  return weight > 0 ? std::optional(sum / weight) : std::nullopt;
}

}  // namespace histoloom::evaluate
