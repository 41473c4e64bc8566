#include "annotation_mask.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "geojson_reader.h"
#include "histoloom/core/error.h"

namespace histoloom {

namespace {

void require_on_slide(const std::vector<SlideRing>& rings, const AnnotatedSlide& slide,
                      const std::string& what) {
  const SlideRing& outer = rings[0];
  const auto by_x = [](SlidePoint a, SlidePoint b) { return a.x < b.x; };
  const auto by_y = [](SlidePoint a, SlidePoint b) { return a.y < b.y; };
  const auto [left, right] = std::minmax_element(outer.begin(), outer.end(), by_x);
  const auto [top, bottom] = std::minmax_element(outer.begin(), outer.end(), by_y);
  if (right->x > 0 && bottom->y > 0 && left->x < static_cast<double>(slide.size.width) &&
      top->y < static_cast<double>(slide.size.height))
    return;
  throw UserError(fmt::format(
      "{} lies outside of the slide of {}x{} px: it reaches from ({:g}, {:g}) to ({:g}, {:g}); {}",
      what, slide.size.width, slide.size.height, left->x, top->y, right->x, bottom->y, slide.cure));
}

// Points of a slide of `from` px in one of `to` px.
void scale(std::vector<SlideRing>& rings, PixelSize from, PixelSize to) {
  const double x = static_cast<double>(to.width) / static_cast<double>(from.width);
  const double y = static_cast<double>(to.height) / static_cast<double>(from.height);
  for (SlideRing& ring : rings)
    for (SlidePoint& point : ring) point = {point.x * x, point.y * y};
}

}  // namespace

const Label* label_of_class(const LabelSet& labels, std::string_view name) {
  for (;;) {
    if (const Label* label = labels.find(name)) return label;
    const std::size_t derived = name.rfind(": ");
    if (derived == std::string_view::npos) return nullptr;
    name = name.substr(0, derived);
  }
}

std::unique_ptr<LabelField> mask_of_annotations(std::istream& in, const std::string& where,
                                                const LabelSet& labels,
                                                const AnnotatedSlide& slide) {
  const PixelSize size = slide.scaled.value_or(slide.size);
  auto grid = std::make_unique<LabelGrid>(latent_size_for(size, slide.factor), slide.background);
  PolygonFill fill(*grid, size, slide.factor);
  read_geojson(in, where, [&](const DrawnAnnotation& drawn) {
    const std::string what = fmt::format("{}: annotation {}", where, drawn.number);
    const Label* label = label_of_class(labels, drawn.name);
    if (label == nullptr && drawn.name.empty())
      throw UserError(fmt::format("{} has no class; the labels are {}", what, labels.describe()));
    if (label == nullptr)
      throw UserError(fmt::format("{} is of class '{}', which is no label; the labels are {}", what,
                                  drawn.name, labels.describe()));
    for (std::vector<SlideRing> rings : drawn.polygons) {
      require_on_slide(rings, slide, what);
      scale(rings, slide.size, size);
      fill.fill(rings, label->id);
    }
  });
  return grid;
}

}  // namespace histoloom
