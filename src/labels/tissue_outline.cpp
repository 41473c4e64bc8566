#include "tissue_outline.h"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "quantile.h"

namespace histoloom {

namespace {

// No value comes near it, none is far from it: every comparison with NaN is false.
constexpr float kExact = std::numeric_limits<float>::quiet_NaN();
constexpr double kFinestWavelength = 3.0;  // cells; shorter waves would only be speckle

// Channels of the noise fields.
enum : std::uint32_t {
  kFoldX = 1,
  kFoldY,
  kRoughness,
  kSwayX,
  kSwayY,
  kFibres,
  kBundles,
  kTears,
  kTearPlaces,
  kHoles,
  kHolePlaces,
  kOctaves = 16,
};

template <class Value>
std::vector<float> measure(const std::vector<CellCentre>& samples, Value&& value) {
  std::vector<float> values(samples.size());
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, samples.size(), 1024), [&](const auto& r) {
    for (std::size_t i = r.begin(); i < r.end(); ++i) values[i] = value(samples[i].x, samples[i].y);
  });
  return values;
}

}  // namespace

TissueOutline::TissueOutline(CellSize size, const LayoutOptions& options,
                             const std::vector<CellCentre>& samples)
    : shapes_(make_island_shapes(size, options)),
      micron_(1.0 / options.microns_per_cell),
      radius_(std::max(1.0, shapes_->radius())),
      fold_x_(CounterNoise(options.seed), kFoldX, 1.5 * radius_),
      fold_y_(CounterNoise(options.seed), kFoldY, 1.5 * radius_),
      roughness_(CounterNoise(options.seed), kRoughness, 0.7 * radius_),
      sway_x_(CounterNoise(options.seed), kSwayX, std::min(700 * micron_, radius_)),
      sway_y_(CounterNoise(options.seed), kSwayY, std::min(700 * micron_, radius_)),
      fibres_(CounterNoise(options.seed), kFibres, std::max(22 * micron_, kFinestWavelength), 9.0),
      bundles_(CounterNoise(options.seed), kBundles, std::max(61 * micron_, kFinestWavelength),
               4.0),
      fibre_length_(static_cast<float>(std::min(36 * micron_, 0.12 * radius_))),
      tears_(CounterNoise(options.seed), kTears, std::min(1500 * micron_, 0.9 * radius_), 1.8),
      tear_places_(CounterNoise(options.seed), kTearPlaces, std::min(1100 * micron_, radius_)),
      holes_(CounterNoise(options.seed), kHoles, std::min(260 * micron_, 0.35 * radius_)),
      hole_places_(CounterNoise(options.seed), kHolePlaces, std::min(2600 * micron_, radius_)) {
  const CounterNoise noise(options.seed);
  std::uint32_t channel = kOctaves;
  for (double wave = 0.75 * radius_; wave >= kFinestWavelength; wave /= 2.1) {
    octaves_.emplace_back(noise, channel++, wave);
    amplitudes_.push_back(static_cast<float>(0.7 * shapes_->folding() * wave));
  }
  float left = fibre_length_;
  left_after_.resize(octaves_.size());
  for (std::size_t i = octaves_.size(); i-- > 0;) {
    left_after_[i] = left;
    left += amplitudes_[i];
  }
  fit(options.tissue_fraction, samples);
}

float TissueOutline::edge(double x, double y, float stop_at) const {
  const double reach = shapes_->folding() * radius_;
  const double dx = reach * static_cast<double>(fold_x_.at(x, y));
  const double dy = reach * static_cast<double>(fold_y_.at(x, y));
  return frayed_edge(x, y, shapes_->distance(x + dx, y + dy), stop_at);
}

float TissueOutline::frayed_edge(double x, double y, float value, float stop_at) const {
  const float all = octaves_.empty() ? fibre_length_ : left_after_[0] + amplitudes_[0];
  if (std::abs(value - stop_at) > all) return value;

  // Stretches of an edge are smooth, others ragged: all but the coarsest waves follow suit.
  const float roughness = std::clamp(0.45f + 1.1f * roughness_.at(x, y), 0.12f, 1.0f);
  for (std::size_t i = 0; i < octaves_.size(); ++i) {
    value += amplitudes_[i] * (i < 2 ? 1.0f : roughness) * octaves_[i].at(x, y);
    if (std::abs(value - stop_at) > left_after_[i]) return value;
  }

  // Fibres stick out and gaps reach in along directions that bend from place to place.
  const double bend = 0.5 * sway_x_.wavelength();
  const double sx = x + bend * static_cast<double>(sway_x_.at(x, y));
  const double sy = y + bend * static_cast<double>(sway_y_.at(x, y));
  return value +
         fibre_length_ * roughness * (0.6f * bundles_.at(sx, sy) + 0.4f * fibres_.at(sx, sy));
}

float TissueOutline::damage(double x, double y) const {
  // A tear follows a zero line of the noise, where the places allow one; it tapers to its ends.
  const double bend = 0.25 * sway_x_.wavelength();
  const double sx = x + bend * static_cast<double>(sway_x_.at(x, y));
  const double sy = y + bend * static_cast<double>(sway_y_.at(x, y));
  const auto tear_scale = static_cast<float>(0.5 * tears_.wavelength());
  const float place = tear_places_.at(x, y) - 0.22f;
  const auto width = static_cast<float>(std::min(40 * micron_, 0.035 * radius_));
  const float tear = std::abs(tears_.at(sx, sy)) * tear_scale - 2.0f * width * place;

  // A hole is a hill of the noise; there are more in some places than in others.
  const auto hole_scale = static_cast<float>(0.3 * holes_.wavelength());
  const float summit = 0.74f - 0.28f * std::max(0.0f, hole_places_.at(x, y));
  const float hole = (summit - holes_.at(sx, sy)) * hole_scale;
  return std::min(tear, hole);
}

void TissueOutline::fit(double share, const std::vector<CellCentre>& samples) {
  // First the edges alone, a little wider for what tears and holes will take.
  const std::vector<float> edges =
      measure(samples, [&](double x, double y) { return edge(x, y, kExact); });
  const std::vector<float> damages =
      measure(samples, [&](double x, double y) { return damage(x, y); });
  const float first = level_above(edges, share);
  double inside = 0;
  double whole = 0;
  for (std::size_t i = 0; i < edges.size(); ++i) {
    if (edges[i] <= first) continue;
    ++inside;
    whole += damages[i] > 0 ? 1 : 0;
  }
  edge_level_ = whole > 0 ? level_above(edges, share * inside / whole) : first;
  const auto reach = static_cast<float>(radius_);
  const auto [lowest, highest] = std::minmax_element(edges.begin(), edges.end());
  edge_level_ = std::clamp(edge_level_, *lowest - reach, *highest + reach);

  // Then all together: what is left to correct is small.
  std::vector<float> all(edges.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i] = std::min(edges[i] - edge_level_, damages[i]);
  }
  level_ = level_above(std::move(all), share);
}

bool TissueOutline::is_tissue(double x, double y) const {
  if (std::isinf(level_)) return level_ < 0;
  const float threshold = edge_level_ + level_;
  return edge(x, y, threshold) > threshold && damage(x, y) > level_;
}

}  // namespace histoloom
