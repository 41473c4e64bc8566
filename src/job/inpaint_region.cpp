#include "inpaint_region.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "histoloom/core/error.h"

namespace histoloom {

namespace {

constexpr std::int64_t kMaxCanvas = std::int64_t{1} << 26;  // pixels: 8192 x 8192

PixelRect grown(const PixelRect& rect, std::int64_t by) {
  return {rect.x0 - by, rect.y0 - by, rect.x1 + by, rect.y1 + by};
}

CellRect cells_of(const PixelRect& rect, std::int64_t factor) {
  return {rect.x0 / factor, rect.y0 / factor, divide_up(rect.x1, factor),
          divide_up(rect.y1, factor)};
}

// Distances along a row to the nearest pixel of the region, capped just above the margin.
void row_distances(const std::uint8_t* inside, std::int64_t width, std::int64_t* out) {
  std::int64_t distance = kBlendMargin + 1;
  for (std::int64_t x = 0; x < width; ++x)
    out[x] = distance = inside[x] != 0 ? 0 : std::min(distance + 1, kBlendMargin + 1);
  distance = kBlendMargin + 1;
  for (std::int64_t x = width; x-- > 0;) {
    distance = inside[x] != 0 ? 0 : std::min(distance + 1, kBlendMargin + 1);
    out[x] = std::min(out[x], distance);
  }
}

float weight_at(std::int64_t squared_distance) {
  if (squared_distance > kBlendMargin * kBlendMargin) return 0;
  const double share =
      std::sqrt(static_cast<double>(squared_distance)) / static_cast<double>(kBlendMargin + 1);
  return static_cast<float>(0.5 * (1 + std::cos(std::numbers::pi * share)));
}

}  // namespace

void validate_region(const PixelRect& box, PixelSize slide, const ModelBundle& bundle) {
  const std::int64_t cell = bundle.latent.downsampling, patch = bundle.patch * cell;
  const auto refuse = [&](const std::string& why) {
    throw UserError(
        fmt::format("the region {},{},{},{} {}", box.x0, box.y0, box.width(), box.height(), why));
  };
  if (!PixelRect::of(slide).contains(box))
    refuse(fmt::format("reaches past the slide, which has {}x{} px", slide.width, slide.height));
  if (box.width() < cell || box.height() < cell)
    refuse(fmt::format("must be at least {0}x{0} px, a latent cell of the model", cell));
  if (slide.width < patch || slide.height < patch)
    refuse(fmt::format("lies on a slide of {}x{} px; the model needs at least {} a side",
                       slide.width, slide.height, patch));
  const InpaintGeometry geometry = inpaint_geometry(box, slide, bundle);
  if (geometry.canvas.area() * cell * cell > kMaxCanvas)
    refuse(fmt::format("has {} px with its surroundings, at most {} fit; paint it in parts",
                       geometry.canvas.area() * cell * cell, kMaxCanvas));
}

std::vector<float> blend_weights(const std::vector<std::uint8_t>& inside, PixelSize size) {
  std::vector<std::int64_t> across(inside.size());
  for (std::int64_t y = 0; y < size.height; ++y)
    row_distances(inside.data() + y * size.width, size.width, across.data() + y * size.width);
  // The nearest pixel of the region lies in one of the rows within the margin.
  std::vector<float> out(inside.size());
  for (std::int64_t y = 0; y < size.height; ++y) {
    const std::int64_t top = std::max<std::int64_t>(0, y - kBlendMargin);
    const std::int64_t bottom = std::min(size.height - 1, y + kBlendMargin);
    for (std::int64_t x = 0; x < size.width; ++x) {
      std::int64_t nearest = 2 * (kBlendMargin + 1) * (kBlendMargin + 1);
      for (std::int64_t v = top; v <= bottom; ++v) {
        const std::int64_t dx = across[static_cast<std::size_t>(v * size.width + x)];
        nearest = std::min(nearest, dx * dx + (v - y) * (v - y));
      }
      out[static_cast<std::size_t>(y * size.width + x)] = weight_at(nearest);
    }
  }
  return out;
}

InpaintGeometry inpaint_geometry(const PixelRect& box, PixelSize slide, const ModelBundle& bundle) {
  const std::int64_t factor = bundle.latent.downsampling, patch = bundle.patch;
  const CellRect all = CellRect::of(latent_size_for(slide, factor));
  InpaintGeometry out;
  out.blend = intersect(grown(box, kBlendMargin), PixelRect::of(slide));
  out.painted = cells_of(box, factor);
  out.decoded = cells_of(out.blend, factor);
  out.canvas = intersect({out.decoded.x0 - patch, out.decoded.y0 - patch, out.decoded.x1 + patch,
                          out.decoded.y1 + patch},
                         all);
  return out;
}

void blend(std::vector<std::uint8_t>& fresh, const std::vector<std::uint8_t>& before,
           const std::vector<float>& weights) {
  for (std::size_t i = 0; i < fresh.size(); ++i) {
    const float w = weights[i / 3];
    fresh[i] = static_cast<std::uint8_t>(
        std::lround(w * static_cast<float>(fresh[i]) + (1 - w) * static_cast<float>(before[i])));
  }
}

std::vector<std::uint8_t> painted_cells(const PixelRegion& region, const InpaintGeometry& geometry,
                                        const CanvasLabelField& labels,
                                        std::optional<LabelId> glass, std::int64_t factor) {
  const LatentRect all = LatentRect::of(geometry.place().size);
  std::vector<LabelId> ids(static_cast<std::size_t>(all.area()));
  labels.read(all, ids.data());
  const CellRect& cells = geometry.painted;
  const std::vector<std::uint8_t> inside = region.inside(pixels_from_latent(cells, factor));
  std::vector<std::uint8_t> painted(ids.size(), 0);
  const std::int64_t width = cells.width() * factor;
  for (std::int64_t i = 0; i < cells.area() * factor * factor; ++i) {
    if (inside[static_cast<std::size_t>(i)] == 0) continue;
    const std::int64_t x = cells.x0 - geometry.canvas.x0 + i % width / factor;
    const std::int64_t y = cells.y0 - geometry.canvas.y0 + i / width / factor;
    const auto cell = static_cast<std::size_t>(y * all.width() + x);
    painted[cell] = ids[cell] != glass;
  }
  const PixelRect box = region.box();
  if (std::find(painted.begin(), painted.end(), 1) == painted.end())
    throw UserError(
        fmt::format("the region {},{},{},{} holds no cell of tissue to paint; give another region "
                    "or mask",
                    box.x0, box.y0, box.width(), box.height()));
  return painted;
}

std::vector<std::uint8_t> replaced_pixels(const PixelRegion& region, const PixelRect& rect,
                                          const InpaintGeometry& geometry,
                                          const std::vector<std::uint8_t>& painted,
                                          std::int64_t factor) {
  std::vector<std::uint8_t> out = region.inside(rect);
  for (std::int64_t i = 0; i < rect.area(); ++i) {
    std::uint8_t& pixel = out[static_cast<std::size_t>(i)];
    if (pixel == 0) continue;
    const std::int64_t x = (rect.x0 + i % rect.width()) / factor - geometry.canvas.x0;
    const std::int64_t y = (rect.y0 + i / rect.width()) / factor - geometry.canvas.y0;
    pixel = painted[static_cast<std::size_t>(y * geometry.canvas.width() + x)];
  }
  return out;
}

void PaintedCells::read(const LatentRect& rect, LabelId* out) const {
  for (std::int64_t y = rect.y0; y < rect.y1; ++y)
    for (std::int64_t x = rect.x0; x < rect.x1; ++x)
      *out++ =
          painted_[static_cast<std::size_t>(y * size_.width + x)] != 0 ? kPainted : kNotPainted;
}

}  // namespace histoloom
