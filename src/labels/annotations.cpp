#include "histoloom/labels/annotations.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "annotation_writers.h"
#include "histoloom/core/ascii.h"
#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "polygons.h"

namespace histoloom {

namespace {

// Just short of half a cell, so that lines on both sides of a cell can't meet in it.
constexpr double kMostHalfCells = 1 - 1e-6;

// The place of a half cell along one axis, in half pixels; the last cell may be cut by the slide's
// border, and its middle is the middle of what is left.
std::int64_t half_pixels(std::int32_t half_cell, int factor, std::int64_t side) {
  const std::int64_t before = half_cell / 2, after = (half_cell + 1) / 2;
  return std::min(before * factor, side) + std::min(after * factor, side);
}

Annotation in_pixels(const Polygon& polygon, const Label& label, const AnnotationOptions& o) {
  Annotation out{label, {}};
  for (const Ring& ring : polygon.rings) {
    out.rings.emplace_back();
    for (const HalfCell p : ring)
      out.rings.back().push_back(
          {half_pixels(p.x, o.factor, o.slide.width), half_pixels(p.y, o.factor, o.slide.height)});
  }
  return out;
}

void trace(const LabelField& field, const LabelSet& labels, const AnnotationOptions& options,
           Progress& progress, const std::function<void(const Annotation&)>& visit) {
  progress.start_stage("tracing labels", field.size().height, "rows");
  Boundaries boundaries = find_boundaries(field, [&](std::int64_t row) {
    if (row % 256 != 0) return;
    progress.update(row);
    if (progress.stop_requested()) throw Interrupted("interrupted while tracing labels");
  });
  const LabelId background = labels.glass().value_or(labels.unknown());
  const double tolerance = std::min(2 * options.tolerance / options.factor, kMostHalfCells);
  for_each_polygon(
      std::move(boundaries), tolerance, [&](LabelId id) { return id != background; },
      [&](const Polygon& polygon) {
        const Label* label = labels.find(polygon.label);
        check_internal(label != nullptr, "a label field holds an id that its set lacks");
        visit(in_pixels(polygon, *label, options));
      });
  progress.finish();
}

}  // namespace

std::optional<AnnotationFormat> annotation_format(const std::filesystem::path& path) {
  if (ending_of(path) == ".geojson") return AnnotationFormat::geojson;
  if (ending_of(path) == ".xml") return AnnotationFormat::asap;
  return std::nullopt;
}

void validate_tolerance(double tolerance, int factor, const char* option) {
  if (tolerance >= 0 && tolerance <= 0.5 * factor) return;
  throw UserError(fmt::format(
      "{} must be from 0 to {:g} px, half a cell of the mask, beyond which lines could cross; "
      "got {:g}",
      option, 0.5 * factor, tolerance));
}

void write_annotations(const std::filesystem::path& path, const LabelField& field,
                       const LabelSet& labels, const AnnotationOptions& options,
                       Progress& progress) {
  const auto writer = annotation_format(path) == AnnotationFormat::asap
                          ? make_asap_writer(labels)
                          : make_geojson_writer(options.source);
  FileReplacement file(path);
  file.write(writer->begin());
  trace(field, labels, options, progress,
        [&](const Annotation& annotation) { file.write(writer->annotation(annotation)); });
  file.write(writer->end());
  file.commit();
}

}  // namespace histoloom
