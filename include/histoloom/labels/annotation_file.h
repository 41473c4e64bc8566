// Files of annotations as QuPath exports them: GeoJSON, packed or not.
#pragma once

#include <filesystem>
#include <istream>
#include <memory>
#include <string_view>

#include "histoloom/core/geometry.h"
#include "histoloom/labels/label_field.h"
#include "histoloom/vocabulary/label_set.h"

namespace histoloom {

// Whether a name is one of annotations: it ends in .geojson or .json, or in one of these and .gz,
// in capitals or not.
bool is_annotation_name(std::string_view name);

// Opens annotations for reading from the start; what gzip packed is unpacked on the way, 64 KiB at
// a time. \error UserError if the file can't be opened, and, out of a read, if it ends too early.
std::unique_ptr<std::istream> open_annotation_file(const std::filesystem::path& path);

// The slide that annotations were drawn on, and the cells that it becomes.
struct AnnotatedSlideSize {
  PixelSize drawn;   // px at full resolution, which annotations count in
  PixelSize scaled;  // px that cells count in
  int factor = 8;    // px of `scaled` a cell
};

// Reads QuPath's GeoJSON. A cell takes the label of the last polygon that holds its middle. A cell
// that no polygon holds is unknown, whether the label set has glass or not: nobody has looked at
// it. UserError as read_mask().
std::unique_ptr<LabelField> read_annotations(const std::filesystem::path& path,
                                             const LabelSet& labels,
                                             const AnnotatedSlideSize& slide);

}  // namespace histoloom
