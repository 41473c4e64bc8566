#include "tissue_regions.h"

#include <algorithm>
#include <array>

#include "quantile.h"

namespace histoloom {

namespace {

// Shares of all tissue.
constexpr double kNests = 0.46;
constexpr double kInNests = 0.05;
constexpr double kPatch = 0.06;
constexpr double kAllPatches = 0.18;

// Sizes in microns: wavelengths are about twice the width of what they make.
constexpr double kNestWave = 480;
constexpr double kTumourWave = 7000;
constexpr double kPatchWave = 1100;

// Channels of the noise fields, apart from the outline's.
enum : std::uint32_t { kWarpX = 64, kWarpY, kTumour, kNestOctaves = 72, kPatches = 96 };

constexpr std::array<float, 4> kNestAmplitudes{0.8f, 0.35f, 0.17f, 0.07f};

}  // namespace

TissueRegions::TissueRegions(const std::vector<LabelId>& classes, const LayoutOptions& options,
                             const std::vector<CellCentre>& samples)
    : nest_id_(classes[0]),
      bed_id_(classes.size() > 2 ? classes[2] : classes.back()),
      warp_x_(CounterNoise(options.seed), kWarpX, 600 / options.microns_per_cell),
      warp_y_(CounterNoise(options.seed), kWarpY, 600 / options.microns_per_cell),
      tumour_(CounterNoise(options.seed), kTumour, kTumourWave / options.microns_per_cell) {
  const CounterNoise noise(options.seed);
  double wave = kNestWave / options.microns_per_cell;
  for (std::uint32_t i = 0; i < kNestAmplitudes.size(); ++i, wave /= 2.2) {
    nests_.emplace_back(noise, kNestOctaves + i, wave, i == 0 ? 1.4 : 1.0);
  }
  for (std::uint32_t i = 1; i < classes.size(); ++i) {
    if (classes[i] == bed_id_) continue;
    const double patch_wave = (i == 1 ? 0.35 : 1.0) * kPatchWave / options.microns_per_cell;
    patches_.push_back({classes[i], i == 1, GradientNoise(noise, kPatches + i, patch_wave), 0.0f});
  }
  fit(samples);
}

TissueRegions::Warped TissueRegions::nest_at(double x, double y) const {
  const double reach = 0.35 * warp_x_.wavelength();
  Warped w{x + reach * static_cast<double>(warp_x_.at(x, y)),
           y + reach * static_cast<double>(warp_y_.at(x, y)), 0.0f};
  // A tumour has a main body, where nests crowd, and surroundings, where they are few.
  w.nest = 0.7f * tumour_.at(x, y);
  for (std::size_t i = 0; i < nests_.size(); ++i) {
    w.nest += kNestAmplitudes[i] * nests_[i].at(w.x, w.y);
  }
  return w;
}

float TissueRegions::patch_value(const Patch& patch, const Warped& w) const {
  // Inside nests: towards their middles. Outside: away from them.
  return patch.noise.at(w.x, w.y) + (patch.in_nests ? 1.2f : -0.6f) * w.nest;
}

void TissueRegions::fit(const std::vector<CellCentre>& samples) {
  std::vector<Warped> warped(samples.size());
  std::vector<float> values(samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    warped[i] = nest_at(samples[i].x, samples[i].y);
    values[i] = warped[i].nest;
  }
  nest_level_ = level_above(std::move(values), bed_id_ == nest_id_ ? 1.0 : kNests + kInNests);

  // Each patch takes its share from what the ones before left.
  std::vector<bool> taken(samples.size(), false);
  const auto outside = std::count_if(patches_.begin(), patches_.end(),
                                     [](const Patch& patch) { return !patch.in_nests; });
  for (Patch& patch : patches_) {
    std::vector<float> scores;
    for (std::size_t i = 0; i < warped.size(); ++i) {
      if (taken[i] || (warped[i].nest > nest_level_) != patch.in_nests) continue;
      scores.push_back(patch_value(patch, warped[i]));
    }
    const double wanted =
        patch.in_nests ? kInNests : std::min(kPatch, kAllPatches / static_cast<double>(outside));
    const double share = wanted * static_cast<double>(samples.size()) /
                         std::max<double>(1.0, static_cast<double>(scores.size()));
    patch.level = level_above(std::move(scores), share);
    for (std::size_t i = 0; i < warped.size(); ++i) {
      const bool here = (warped[i].nest > nest_level_) == patch.in_nests;
      if (here && patch_value(patch, warped[i]) > patch.level) taken[i] = true;
    }
  }
}

LabelId TissueRegions::class_at(double x, double y) const {
  if (bed_id_ == nest_id_) return nest_id_;
  const Warped w = nest_at(x, y);
  const bool in_nest = w.nest > nest_level_;
  for (const Patch& patch : patches_) {
    if (patch.in_nests == in_nest && patch_value(patch, w) > patch.level) return patch.id;
  }
  return in_nest ? nest_id_ : bed_id_;
}

}  // namespace histoloom
