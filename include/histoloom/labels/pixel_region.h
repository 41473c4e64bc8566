// A part of a slide, drawn by the pixel: a rectangle, or the polygons of a GeoJSON file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "histoloom/core/geometry.h"
#include "histoloom/labels/label_field.h"
#include "histoloom/vocabulary/label_set.h"

namespace histoloom {

class PixelRegion {
 public:
  static PixelRegion rectangle(const PixelRect& rect);
  // All polygons of all annotations, in pixels at full resolution, as QuPath writes them. What two
  // polygons hold belongs to the region, too, and their holes don't. UserError for a file that
  // can't be read, without a polygon, or as docs/formats.md says of annotations.
  static PixelRegion read(const std::filesystem::path& path);

  // The smallest rectangle of whole pixels around the region.
  PixelRect box() const;
  // Flags of the pixels of `rect`, row by row: 1 if the region holds the pixel's middle.
  std::vector<std::uint8_t> inside(const PixelRect& rect) const;

  // Whether some polygon has a class.
  bool has_classes() const;
  // The labels of cells of `factor` px, row by row: the class that most of a cell's pixels have. On a
  // tie the lowest id counts, of polygons that overlap the last. Unknown are cells of which no pixel
  // has a class. \error UserError for a class that is no label.
  std::vector<LabelId> labels(const CellRect& cells, int factor, const LabelSet& labels) const;

 private:
  struct Place {
    double x = 0, y = 0;
  };
  struct Polygon {
    std::vector<std::vector<Place>> rings;
    std::string name;  // class; empty: none
  };
  void fill(const Polygon& polygon, const PixelRect& rect, LabelId id, LabelGrid& grid) const;

  std::string where_ = "the region";  // name in messages
  std::vector<Polygon> polygons_;
};

}  // namespace histoloom
