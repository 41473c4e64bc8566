#include "seam_rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "histoloom/core/error.h"
#include "histoloom/evaluate/lattice.h"
#include "histoloom/evaluate/patch_sampling.h"
#include "histoloom/evaluate/seams.h"
#include "seam_regions.h"

namespace histoloom::evaluate {

namespace {

constexpr std::int64_t kLatticeRegion = 256;      // px a side
constexpr std::int64_t kLatticePixels = 1 << 24;  // of all regions of a side

// Pictures of one side, and the option that names them.
struct SeamSide {
  const char* option;
  const PatchSources* sources;
};

SeamSide synthetic_side(const EvaluateInputs& inputs) { return {"--synthetic", &inputs.synthetic}; }
SeamSide real_side(const EvaluateInputs& inputs) {
  if (inputs.held_out.empty()) return {"--real", &inputs.real};
  return {"--held-out", &inputs.held_out};
}

SeamMeasure measure(const std::vector<Picture>& pictures, const SeamPeriod& seam,
                    const SeamOptions& options) {
  std::vector<CutPicture> cut;
  for (const Picture& picture : pictures)
    cut.push_back({&picture, uniform_grid(picture.size, seam.period, seam.phase)});
  return measure_seams(cut, options);
}

SeamMeasure measure(const SeamSide& side, const SeamPeriod& seam, const SeamOptions& options,
                    std::uint64_t seed, const Progress& progress) {
  return with_context(side.option, [&] {
    return measure(read_regions(*side.sources, seam.period, {.seed = seed}, progress), seam,
                   options);
  });
}

SeamMeasure ceiling(const PatchSources& real, const SeamPeriod& seam, const EvaluateOptions& o,
                    const SeamOptions& options) {
  const PatchSet tiles =
      sample_patches(real, {.side = seam.period, .count = o.patches, .seed = o.seed});
  if (tiles.patches.empty())
    throw UserError(fmt::format("--real: no square of {} px shows tissue", seam.period));
  const std::int64_t across = std::max<std::int64_t>(3, kRegionSide / seam.period);
  const std::vector<Picture> tiled{hard_tiling(tiles.patches, seam.period, across)};
  return measure(tiled, {seam.period, 0}, options);
}

std::optional<Figure> figure_of(const std::optional<double>& value) {
  return value ? std::optional(Figure(*value)) : std::nullopt;
}

// None where nothing steps beside the boundaries either: pictures of one colour.
std::optional<Figure> relative_step(const SeamMeasure& seams) {
  if (seams.density_step_beside <= 0) return std::nullopt;
  return Figure(seams.density_step / seams.density_step_beside);
}

}  // namespace

void check_seam_grids(const EvaluateInputs& inputs, const EvaluateOptions& options) {
  const SeamOptions seam_options{.latent_factor = inputs.latent_factor};
  for (const SeamPeriod& seam : options.seams) {
    for (const SeamSide& side : {synthetic_side(inputs), real_side(inputs)}) {
      const bool any =
          std::any_of(side.sources->begin(), side.sources->end(), [&](const auto& source) {
            const PixelSize size = regions_of(source->size(), seam.period, kRegionSide)[0].size();
            return count_boundaries(size, uniform_grid(size, seam.period, seam.phase),
                                    seam_options) > 0;
          });
      if (!any)
        throw UserError(fmt::format(
            "{}: no picture is large enough for --seams {}+{}, a boundary with {} px on either "
            "side; give larger ones or another grid",
            side.option, seam.period, seam.phase, inputs.latent_factor));
    }
    const bool tile = std::any_of(inputs.real.begin(), inputs.real.end(), [&](const auto& source) {
      return std::min(source->size().width, source->size().height) >= seam.period;
    });
    if (!tile)
      throw UserError(fmt::format(
          "--real: no picture has {0}x{0} px, a tile of --seams {0}+{1}; give larger ones or "
          "another grid",
          seam.period, seam.phase));
  }
}

void add_seams(EvaluationReport& report, const EvaluateInputs& inputs,
               const EvaluateOptions& options, const Progress& progress) {
  const SeamOptions seam_options{.latent_factor = inputs.latent_factor};
  for (const SeamPeriod& seam : options.seams) {
    const SeamMeasure synthetic =
        measure(synthetic_side(inputs), seam, seam_options, options.seed, progress);
    const SeamMeasure floor =
        measure(real_side(inputs), seam, seam_options, options.seed, progress);
    const SeamMeasure tiled = ceiling(inputs.real, seam, options, seam_options);
    const std::string of = fmt::format("{}+{} px", seam.period, seam.phase);
    report.rows.push_back({"seam_gradient_ratio", of, "", Figure(synthetic.gradient_ratio),
                           Figure(floor.gradient_ratio), Figure(tiled.gradient_ratio)});
    report.rows.push_back({"seam_z", of, "deviations", figure_of(synthetic.z), figure_of(floor.z),
                           figure_of(tiled.z)});
    report.rows.push_back({"seam_density_step", of, "of that beside", relative_step(synthetic),
                           relative_step(floor), relative_step(tiled)});
  }
}

void add_lattice(EvaluationReport& report, const EvaluateInputs& inputs,
                 const EvaluateOptions& options, const Progress& progress) {
  const RegionOptions regions{
      .seed = options.seed, .side = kLatticeRegion, .max_pixels = kLatticePixels};
  const auto measure = [&](const SeamSide& side) {
    return with_context(side.option, [&] {
      return measure_lattice(read_regions(*side.sources, inputs.latent_factor, regions, progress),
                             inputs.latent_factor);
    });
  };
  const LatticeMeasure synthetic = measure(synthetic_side(inputs));
  const LatticeMeasure real = measure(real_side(inputs));
  const std::string of = fmt::format("cells of {} px", inputs.latent_factor);
  report.rows.push_back({"lattice_mean",
                         of,
                         "of 255",
                         Figure(synthetic.largest_mean),
                         Figure(real.largest_mean),
                         {}});
  report.rows.push_back({"lattice_spread",
                         of,
                         "",
                         Figure(synthetic.largest_spread),
                         Figure(real.largest_spread),
                         {}});
}

}  // namespace histoloom::evaluate
