#include "seam_rows.h"

#include <fmt/format.h>

#include <numeric>

#include "histoloom/core/error.h"
#include "histoloom/evaluate/patch_sampling.h"
#include "histoloom/evaluate/seams.h"

namespace histoloom::evaluate {

namespace {

constexpr std::int64_t kRegion = 2048;        // px: what is read of a large slide at a time
constexpr std::int64_t kMaxPixels = 1 << 26;  // of all regions of a side together
constexpr double kMaxGlass = 0.9;

// The squares of a slide, each beginning with a whole period and a whole latent cell; a picture
// that is smaller than one is one.
std::vector<PixelRect> regions_of(PixelSize size, std::int64_t step) {
  const std::int64_t stride = std::max(step, kRegion / step * step);
  std::vector<PixelRect> out;
  for (std::int64_t y = 0; y == 0 || y + stride <= size.height; y += stride)
    for (std::int64_t x = 0; x == 0 || x + stride <= size.width; x += stride)
      out.push_back(intersect(PixelRect::at({x, y}, {stride, stride}), PixelRect::of(size)));
  return out;
}

// Regions with tissue, the first ones of every source in turn.
std::vector<Picture> read_regions(const PatchSources& sources, std::int64_t step) {
  std::vector<std::vector<PixelRect>> regions;
  std::size_t most = 0;
  for (const auto& source : sources) {
    regions.push_back(regions_of(source->size(), step));
    most = std::max(most, regions.back().size());
  }
  std::vector<Picture> out;
  std::int64_t pixels = 0;
  for (std::size_t round = 0; round < most; ++round) {
    for (std::size_t s = 0; s < sources.size(); ++s) {
      if (round >= regions[s].size()) continue;
      const PixelRect& region = regions[s][round];
      if (pixels + region.area() > kMaxPixels) return out;
      Picture picture = sources[s]->read(region);
      sources[s]->release();
      if (glass_share(picture) > kMaxGlass) continue;
      pixels += region.area();
      out.push_back(std::move(picture));
    }
  }
  return out;
}

SeamMeasure measure(const std::vector<Picture>& pictures, const SeamPeriod& seam,
                    const SeamOptions& options) {
  std::vector<CutPicture> cut;
  for (const Picture& picture : pictures)
    cut.push_back({&picture, uniform_grid(picture.size, seam.period, seam.phase)});
  return measure_seams(cut, options);
}

SeamMeasure ceiling(const PatchSources& real, const SeamPeriod& seam, const EvaluateOptions& o,
                    const SeamOptions& options) {
  const PatchSet tiles =
      sample_patches(real, {.side = seam.period, .count = o.patches, .seed = o.seed});
  if (tiles.patches.empty())
    throw UserError(fmt::format("--real: no square of {} px shows tissue", seam.period));
  const std::int64_t across = std::max<std::int64_t>(3, kRegion / seam.period);
  const std::vector<Picture> tiled{hard_tiling(tiles.patches, seam.period, across)};
  return measure(tiled, {seam.period, 0}, options);
}

std::optional<Figure> figure_of(const std::optional<double>& value) {
  return value ? std::optional(Figure(*value)) : std::nullopt;
}

}  // namespace

void add_seams(EvaluationReport& report, const EvaluateInputs& inputs,
               const EvaluateOptions& options) {
  const SeamOptions seam_options{.latent_factor = options.latent_factor};
  const PatchSources& real = inputs.held_out.empty() ? inputs.real : inputs.held_out;
  for (const SeamPeriod& seam : options.seams) {
    const std::int64_t step = std::lcm(seam.period, options.latent_factor);
    const SeamMeasure synthetic = with_context("--synthetic", [&] {
      return measure(read_regions(inputs.synthetic, step), seam, seam_options);
    });
    const SeamMeasure floor = with_context(
        "--real", [&] { return measure(read_regions(real, step), seam, seam_options); });
    const SeamMeasure tiled = ceiling(inputs.real, seam, options, seam_options);
    const std::string of = fmt::format("{}+{} px", seam.period, seam.phase);
    report.rows.push_back({"seam_gradient_ratio", of, "", Figure(synthetic.gradient_ratio),
                           Figure(floor.gradient_ratio), Figure(tiled.gradient_ratio)});
    report.rows.push_back({"seam_z", of, "deviations", figure_of(synthetic.z), figure_of(floor.z),
                           figure_of(tiled.z)});
    report.rows.push_back({"seam_density_step", of, "of that beside",
                           Figure(synthetic.density_step / synthetic.density_step_beside),
                           Figure(floor.density_step / floor.density_step_beside),
                           Figure(tiled.density_step / tiled.density_step_beside)});
  }
}

}  // namespace histoloom::evaluate
