#include "histoloom/labels/section_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "gradient_noise.h"
#include "histoloom/core/error.h"
#include "quantile.h"
#include "sample_cells.h"
#include "section_masses.h"

namespace histoloom {

namespace {

constexpr std::int64_t kSectionSamples = 1 << 16;

// Lengths in millimetres. Wavelengths are about twice the width of what they make.
constexpr double kSharpFront = 0.04, kBrokenFront = 0.55;  // half widths of a front
constexpr double kThinBand = 0.12, kThickBand = 0.34;
constexpr double kLymphoidRim = 0.30;
constexpr double kSatelliteReach = 2.6;
constexpr double kViableRim = 0.35;  // tumour around necrosis

// Levels of the noise that crowds nests: 35 % of a mass lies above the first, 60 % above the second and
// 85 % above the third.
constexpr float kSolid = 0.15f, kLoose = -0.1f, kScarred = -0.42f;

// Channels of the noise fields, apart from those of masses.
enum : std::uint32_t { kSectionChannels = 1040 };

void require_trait(bool holds, const char* what, double value) {
  if (!holds) throw UserError(fmt::format("the {}, got {}", what, value));
}

void validate_section(const SectionOptions& options) {
  const SectionTraits& t = options.traits;
  const auto is_share = [](double value) { return value >= 0 && value <= 1; };
  require_trait(is_share(t.tumour_share), "tumour share of a section must be from 0 to 1",
                t.tumour_share);
  require_trait(t.mass_mm >= kLeastMassMm && t.mass_mm <= kMostMassMm,
                "masses of a section must be of 0.1 to 100 mm", t.mass_mm);
  if (t.masses && (*t.masses < 1 || *t.masses > kMostMasses))
    throw UserError(fmt::format("the masses of a section must be from 1 to {}, got {}", kMostMasses,
                                *t.masses));
  require_trait(is_share(t.irregularity), "irregularity of masses must be from 0 to 1",
                t.irregularity);
  require_trait(is_share(t.infiltration), "infiltration of masses must be from 0 to 1",
                t.infiltration);
  require_trait(is_share(t.necrosis), "necrosis of masses must be from 0 to 1", t.necrosis);
  require_trait(options.microns_per_cell > 0 && std::isfinite(options.microns_per_cell),
                "microns per cell of a section must be a positive number",
                options.microns_per_cell);
}

// Coarse noise with finer waves on it.
class RoughNoise {
 public:
  RoughNoise(const SectionOptions& options, std::uint32_t channel, double millimetres, float fine)
      : coarse_(CounterNoise(options.seed), kSectionChannels + 2 * channel,
                1000 * millimetres / options.microns_per_cell),
        fine_(CounterNoise(options.seed), kSectionChannels + 2 * channel + 1,
              380 * millimetres / options.microns_per_cell),
        amplitude_(fine) {}
  float at(double x, double y) const { return coarse_.at(x, y) + amplitude_ * fine_.at(x, y); }

 private:
  GradientNoise coarse_, fine_;
  float amplitude_;
};

}  // namespace

struct SectionPlan::Fields {
  Fields(const SectionOptions& options, const std::vector<CellCentre>& samples, double tissue);

  SectionZone zone_at(double x, double y) const;
  SectionZone in_tumour(double x, double y, double depth) const;
  SectionZone outside(double x, double y, double depth, float infiltration) const;
  SectionZone away_from_masses(double x, double y) const;
  float core_value(double x, double y, double depth) const;
  void fit_cores(const std::vector<CellCentre>& samples);

  SectionTraits traits;
  double cells_a_mm;
  SectionMasses masses;
  // Fronts differ from place to place; nests in them are kept or lost together.
  RoughNoise character, nests, band, rim, satellites;
  RoughNoise density, lobules, cores;
  RoughNoise septa, septum_places, fibres;
  float core_level = 0;
};

SectionPlan::Fields::Fields(const SectionOptions& options, const std::vector<CellCentre>& samples,
                            double tissue)
    : traits(options.traits),
      cells_a_mm(1000 / options.microns_per_cell),
      masses(options, samples, tissue),
      character(options, 0, 3.5, 0.3f),
      nests(options, 1, 0.40, 0.5f),
      band(options, 2, 1.3, 0.4f),
      rim(options, 3, 0.9, 0.4f),
      satellites(options, 4, 0.9, 0.35f),
      density(options, 5, 1.5, 0.6f),
      lobules(options, 6, 1.9, 0.35f),
      cores(options, 7, 1.6, 0.5f),
      septa(options, 8, 2.4, 0.25f),
      septum_places(options, 9, 3.0, 0.3f),
      fibres(options, 10, 2.6, 0.4f) {
  fit_cores(samples);
}

float SectionPlan::Fields::core_value(double x, double y, double depth) const {
  // Towards the middle of a mass, in the shape of a map.
  return static_cast<float>(depth * cells_a_mm / masses.radius()) + 0.8f * cores.at(x, y);
}

void SectionPlan::Fields::fit_cores(const std::vector<CellCentre>& samples) {
  std::vector<float> values;
  double inside = 0;
  for (const CellCentre& sample : samples) {
    const double depth = static_cast<double>(masses.depth(sample.x, sample.y)) / cells_a_mm;
    inside += depth > 0 ? 1 : 0;
    if (depth > kViableRim) values.push_back(core_value(sample.x, sample.y, depth));
  }
  const auto deep = static_cast<double>(values.size());
  core_level = level_above(std::move(values), deep > 0 ? traits.necrosis * inside / deep : 0);
}

SectionZone SectionPlan::Fields::zone_at(double x, double y) const {
  const double depth = static_cast<double>(masses.depth(x, y)) / cells_a_mm;
  if (depth < -kSatelliteReach) return away_from_masses(x, y);
  const float infiltration =
      std::clamp(static_cast<float>(traits.infiltration) + 1.1f * character.at(x, y), 0.0f, 1.0f);
  // The wider a front, the farther in nests are lost, and the farther out some are left.
  const double width = kSharpFront + kBrokenFront * static_cast<double>(infiltration);
  const bool is_tumour = std::abs(depth) > 2 * width
                             ? depth > 0
                             : depth / width + 1.4 * static_cast<double>(nests.at(x, y)) > 0;
  return is_tumour ? in_tumour(x, y, depth) : outside(x, y, depth, infiltration);
}

SectionZone SectionPlan::Fields::in_tumour(double x, double y, double depth) const {
  if (depth > kViableRim && core_value(x, y, depth) > core_level) return SectionZone::necrotic;
  if (depth > 0.15 && std::abs(lobules.at(x, y)) < 0.035f) return SectionZone::septum;
  const float crowding = density.at(x, y);
  return crowding > kSolid     ? SectionZone::solid
         : crowding > kLoose   ? SectionZone::dense
         : crowding > kScarred ? SectionZone::loose
                               : SectionZone::scar;
}

SectionZone SectionPlan::Fields::outside(double x, double y, double depth,
                                         float infiltration) const {
  const float broad = band.at(x, y);
  const double thickness =
      kThinBand + kThickBand * static_cast<double>((0.4f + infiltration) * (0.3f + 1.6f * broad));
  if (depth > -std::max(thickness, 0.02)) return SectionZone::band;
  if (depth > -thickness - kLymphoidRim && rim.at(x, y) > 0.1f) return SectionZone::lymphoid;
  const float height =
      satellites.at(x, y) - 0.34f - 0.30f * (1 - infiltration) + 0.14f * static_cast<float>(depth);
  if (height > 0) return in_tumour(x, y, 0);
  return height > -0.09f ? SectionZone::band : away_from_masses(x, y);
}

SectionZone SectionPlan::Fields::away_from_masses(double x, double y) const {
  const float place = septum_places.at(x, y);
  if (place > 0 && std::abs(septa.at(x, y)) < 0.012f + 0.06f * place) return SectionZone::septum;
  return fibres.at(x, y) > 0.3f ? SectionZone::fibrous : SectionZone::quiet;
}

SectionPlan::SectionPlan(const LabelField& outline, LabelId unknown,
                         const SectionOptions& options) {
  validate_section(options);
  std::vector<CellCentre> samples = sample_cells(outline.size(), options.seed, kSectionSamples);
  const auto all = static_cast<double>(samples.size());
  keep_open(samples, outline, unknown);
  const double tissue = static_cast<double>(outline.size().area()) *
                        static_cast<double>(samples.size()) / std::max(all, 1.0);
  fields_ = std::make_unique<const Fields>(options, samples, tissue);
}

SectionPlan::~SectionPlan() = default;
SectionPlan::SectionPlan(SectionPlan&&) noexcept = default;
SectionPlan& SectionPlan::operator=(SectionPlan&&) noexcept = default;

SectionZone SectionPlan::zone_at(double x, double y) const { return fields_->zone_at(x, y); }

bool SectionPlan::in_mass(double x, double y) const { return fields_->masses.depth(x, y) > 0; }

int SectionPlan::masses() const { return fields_->masses.count(); }

}  // namespace histoloom
