#include "inpaint_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "histoloom/core/error.h"
#include "histoloom/pictures/glass_cells.h"
#include "histoloom/pictures/open_picture.h"

namespace histoloom {

namespace fs = std::filesystem;

namespace {

constexpr double kScaleTolerance = 0.1;  // between the slide's and the model's microns a pixel

LabelId class_id(const std::string& name, const LabelSet& labels) {
  if (name.empty()) return labels.unknown();
  const Label* label = labels.find(name);
  if (label == nullptr || label->id == labels.glass())
    throw UserError(
        fmt::format("--class must be a label of the model other than glass ({}), got '{}'",
                    labels.describe(), name));
  return label->id;
}

}  // namespace

void require_copy(const GenerateSpec& spec) {
  std::error_code code;
  if (fs::equivalent(std::get<Inpainting>(spec.what).slide, spec.out, code))
    throw UserError(fmt::format("-o {}: is the slide itself, which is kept; give another name",
                                spec.out.string()));
}

std::optional<double> checked_scale(const Inpainting& what, const ModelBundle& bundle) {
  const std::optional<double> mpp = open_picture(what.slide)->facts().mpp;
  if (what.any_scale) return mpp;
  if (!mpp)
    throw UserError(
        fmt::format("{}: doesn't say how many microns a pixel has, the model paints {}; give "
                    "--any-scale if it is the same",
                    what.slide.string(), bundle.mpp));
  if (std::abs(*mpp / bundle.mpp - 1) > kScaleTolerance)
    throw UserError(
        fmt::format("{}: has {} microns a pixel, the model paints {}; take a model within {:.0f} "
                    "%, or paint at the wrong scale with --any-scale",
                    what.slide.string(), *mpp, bundle.mpp, 100 * kScaleTolerance));
  return mpp;
}

PixelRegion region_of(const Inpainting& what) {
  if (const auto* file = std::get_if<fs::path>(&what.region)) return PixelRegion::read(*file);
  return PixelRegion::rectangle(std::get<PixelRect>(what.region));
}

std::vector<std::uint8_t> read_padded(const pyramid::TileEditor& slide, const PixelRect& rect) {
  const PixelRect inside = intersect(rect, PixelRect::of(slide.size()));
  const std::vector<std::uint8_t> pixels = slide.read(inside);
  if (inside == rect) return pixels;
  std::vector<std::uint8_t> out;
  for (std::int64_t y = rect.y0; y < rect.y1; ++y)
    for (std::int64_t x = rect.x0; x < rect.x1; ++x) {
      const std::int64_t row = std::min(y, inside.y1 - 1) - inside.y0;
      const std::int64_t column = std::min(x, inside.x1 - 1) - inside.x0;
      const auto pixel = pixels.begin() + 3 * (row * inside.width() + column);
      out.insert(out.end(), pixel, pixel + 3);
    }
  return out;
}

MaskLabels labels_of(const Inpainting& what, const Surroundings& around, PixelSize slide,
                     std::uint64_t seed, const ModelBundle& bundle) {
  if (what.mask) return read_mask_labels(*what.mask, slide, seed, bundle);
  const int factor = bundle.latent.downsampling;
  auto grid = std::make_unique<LabelGrid>(latent_size_for(slide, factor),
                                          class_id(what.class_name, bundle.labels));
  const auto set = [&grid](const CellRect& rect, std::size_t i, LabelId id) {
    const auto cell = static_cast<std::int64_t>(i);
    grid->at({rect.x0 + cell % rect.width(), rect.y0 + cell / rect.width()}) = id;
  };
  if (what.class_name.empty()) {
    const std::vector<LabelId> drawn = around.region.labels(around.painted, factor, bundle.labels);
    for (std::size_t i = 0; i < drawn.size(); ++i) set(around.painted, i, drawn[i]);
  }
  if (!bundle.labels.glass()) return {std::move(grid), {}};
  const PixelSize size = pixels_from_latent(around.canvas, factor).size();
  const std::vector<bool> glass = glass_cells(
      {around.pixels.data(), size, /*channels=*/3, static_cast<std::ptrdiff_t>(3 * size.width)},
      factor);
  for (std::size_t i = 0; i < glass.size(); ++i)
    if (glass[i]) set(around.canvas, i, *bundle.labels.glass());
  return {std::move(grid), {}};
}

}  // namespace histoloom
