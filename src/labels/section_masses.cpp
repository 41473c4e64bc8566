#include "section_masses.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "quantile.h"

namespace histoloom {

namespace {

// Channels of the noise fields, apart from outline's and regions'.
enum : std::uint32_t { kMassWarp = 1024, kMassWave = 1032 };

constexpr int kCandidates = 24;        // places that are tried for a mass
constexpr std::size_t kJudges = 2000;  // samples that tell how much tissue lies around a place

// Draws the numbers of a section one after another, apart from those of the outline.
class SectionDraw {
 public:
  explicit SectionDraw(std::uint64_t seed) : noise_(seed) {}
  double between(double low, double high) {
    const float u = noise_.uniform(NoiseDomain::layout, next_++, 0, kStep, 0);
    return low + (high - low) * static_cast<double>(u);
  }
  // A factor whose logarithm is normal, about: the sum of three uniform numbers.
  double factor(double deviation) {
    const double sum = between(-1, 1) + between(-1, 1) + between(-1, 1);
    return std::exp(deviation * sum);
  }
  const CellCentre& one_of(const std::vector<CellCentre>& cells) {
    const auto count = static_cast<double>(cells.size());
    return cells[std::min(cells.size() - 1, static_cast<std::size_t>(between(0, count)))];
  }

 private:
  static constexpr std::uint32_t kStep = 3;  // noise, outline and samples draw at steps 0 to 2
  CounterNoise noise_;
  std::int64_t next_ = 0;
};

// The share of the tissue's cells around a place that are there, up to a factor.
double tissue_around(const CellCentre& at, double radius, const std::vector<CellCentre>& samples) {
  const std::size_t stride = std::max<std::size_t>(1, samples.size() / kJudges);
  double inside = 0;
  for (std::size_t i = 0; i < samples.size(); i += stride)
    inside += std::hypot(samples[i].x - at.x, samples[i].y - at.y) < radius ? 1 : 0;
  return inside;
}

}  // namespace

SectionMasses::SectionMasses(const SectionOptions& options, const std::vector<CellCentre>& samples,
                             double tissue) {
  const SectionTraits& traits = options.traits;
  const double millimetre = 1000 / options.microns_per_cell;
  const double typical = 0.5 * traits.mass_mm * millimetre;
  const double wanted = traits.tumour_share * tissue / (std::numbers::pi * typical * typical);
  const int count = traits.masses.value_or(
      static_cast<int>(std::clamp(std::round(wanted), 1.0, double{kMostMasses})));
  // A slide that is smaller than a mass shows a part of one, whose middle may lie beyond it.
  const double fitting = typical * std::sqrt(wanted / count);
  const bool is_part = count == 1 && !traits.masses && fitting < typical;
  radius_ = std::max(1.0, is_part ? typical : fitting);
  lobes_ = radius_ * (0.15 + 0.55 * traits.irregularity);
  wrinkles_ = millimetre * (0.05 + 0.25 * traits.irregularity);
  const CounterNoise noise(options.seed);
  for (std::uint32_t i = 0; i < 4; ++i)
    warps_.emplace_back(noise, kMassWarp + i, (i < 2 ? 1.6 : 0.6) * radius_);
  for (std::uint32_t i = 0; i < 3; ++i)
    waves_.emplace_back(noise, kMassWave + i, millimetre * std::pow(0.42, i));
  if (samples.empty() || traits.tumour_share <= 0) return;
  place(count, radius_ - std::min(fitting, radius_), options.seed, samples);
  fit(traits.tumour_share, samples);
}

void SectionMasses::place(int count, double push, std::uint64_t seed,
                          const std::vector<CellCentre>& samples) {
  SectionDraw draw(seed);
  for (int i = 0; i < count; ++i) {
    const double radius = radius_ * draw.factor(0.3);
    // Of some places: well inside the tissue, and far from the masses that are there.
    CellCentre best{};
    double best_score = -1;
    for (int k = 0; k < kCandidates; ++k) {
      const CellCentre& at = draw.one_of(samples);
      double score = tissue_around(at, 0.8 * radius, samples) + 1e-6;
      for (const Mass& other : masses_)
        score *= std::min(
            1.0, std::hypot(other.x - at.x, other.y - at.y) / (1.3 * (radius + other.radius)));
      if (score <= best_score) continue;
      best_score = score;
      best = at;
    }
    const double angle = draw.between(0, 2 * std::numbers::pi);
    const double turn = draw.between(0, std::numbers::pi);
    masses_.push_back({best.x + push * std::cos(angle), best.y + push * std::sin(angle), radius,
                       std::cos(turn), std::sin(turn), std::sqrt(draw.between(1.0, 1.6))});
  }
}

SectionMasses::Place SectionMasses::warped(double x, double y) const {
  // Coarse lobes first; finer ones on what they have moved.
  const double wx = x + lobes_ * static_cast<double>(warps_[0].at(x, y));
  const double wy = y + lobes_ * static_cast<double>(warps_[1].at(x, y));
  double push = 0, size = wrinkles_;
  for (const GradientNoise& wave : waves_) {
    push += size * static_cast<double>(wave.at(x, y));
    size *= 0.5;
  }
  return {wx + 0.4 * lobes_ * static_cast<double>(warps_[2].at(wx, wy)),
          wy + 0.4 * lobes_ * static_cast<double>(warps_[3].at(wx, wy)), push};
}

double SectionMasses::distance(const Mass& mass, const Place& at) {
  const double dx = at.x - mass.x, dy = at.y - mass.y;
  const double u = (mass.cos * dx + mass.sin * dy) / mass.stretch;
  const double v = (mass.cos * dy - mass.sin * dx) * mass.stretch;
  return std::sqrt(u * u + v * v);
}

void SectionMasses::fit(double share, const std::vector<CellCentre>& samples) {
  // A sample lies in a mass if all are scaled by more than this.
  std::vector<float> nearness;
  for (const CellCentre& sample : samples) {
    const Place at = warped(sample.x, sample.y);
    double scale = std::numeric_limits<double>::infinity();
    for (const Mass& mass : masses_)
      scale = std::min(scale, (distance(mass, at) - at.push) / mass.radius);
    nearness.push_back(static_cast<float>(-scale));
  }
  const double all = 1 - static_cast<double>(*std::min_element(nearness.begin(), nearness.end()));
  const double level = -static_cast<double>(level_above(std::move(nearness), share));
  if (level == -std::numeric_limits<double>::infinity()) return masses_.clear();
  for (Mass& mass : masses_) mass.radius *= std::min(level, all);
}

float SectionMasses::depth(double x, double y) const {
  if (masses_.empty()) return -std::numeric_limits<float>::infinity();
  const Place at = warped(x, y);
  double best = -std::numeric_limits<double>::infinity();
  for (const Mass& mass : masses_) best = std::max(best, mass.radius - distance(mass, at));
  return static_cast<float>(best + at.push);
}

}  // namespace histoloom
