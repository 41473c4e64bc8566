// The labels of a slide as polygons for viewers: QuPath's GeoJSON and ASAP's XML.
//
// Every connected piece of one label (4 neighbours) but glass is an annotation: a polygon in pixels
// at full resolution, with holes. If the label set has no glass, unknown tissue has none. Lines
// between neighbours are the same points in both polygons. The lines lie within `tolerance` of
// those between cells, and at less than half a cell no two of them cross.
//
// In memory: two rows of the field, 4 bytes a piece and about 20 bytes a turn of a boundary between
// cells, never the field. Docs: formats.md, "Annotations".
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "histoloom/core/geometry.h"
#include "histoloom/core/progress.h"
#include "histoloom/labels/label_field.h"
#include "histoloom/vocabulary/label_set.h"

namespace histoloom {

enum class AnnotationFormat { geojson, asap };

// Tells the format by the name: .geojson; .xml. nullopt for any other.
std::optional<AnnotationFormat> annotation_format(const std::filesystem::path& path);

struct AnnotationOptions {
  PixelSize slide;
  int factor = 8;          // pixels a cell
  double tolerance = 4.0;  // pixels, up to half a cell; 0 keeps every turn
  std::string source;      // what the ids of annotations belong to, such as "MODEL seed 7"
};

// Throws UserError, which calls the tolerance `option`, unless it is from 0 to half a cell.
void validate_tolerance(double tolerance, int factor, const char* option);

// Writes the annotations of `field`, which has a cell for every `factor` × `factor` pixels of the
// slide. The same field, options and labels give the same bytes, object ids among them. The path's
// name decides the format. UserError for a disk that is full or a path that can't be written;
// Interrupted. After an error the file is as it was.
void write_annotations(const std::filesystem::path& path, const LabelField& field,
                       const LabelSet& labels, const AnnotationOptions& options,
                       Progress& progress);

}  // namespace histoloom
