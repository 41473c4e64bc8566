// The GeoJSON of annotations, as QuPath and this program write it.
#pragma once

#include <functional>
#include <istream>
#include <string>
#include <vector>

#include "polygon_fill.h"

namespace histoloom {

struct DrawnAnnotation {
  std::int64_t number = 0;  // in the file, from 1
  std::string name;         // of its class; where it has none its own; may be empty
  std::vector<std::vector<SlideRing>> polygons;
};

// Hands out the annotations in the order of the file, each followed by its childObjects, which stand
// in the Feature or in its properties. One
// annotation at a time is in memory, about 100 bytes a point.
//
// Taken are a FeatureCollection, an array of Features, or one Feature; of geometries Polygon and
// MultiPolygon. A class is `classification` as a text, as {"name": …} or as {"names": […]}.
// UserError, with `where` (a path), for anything else: text that is no JSON or nested deeper than
// 64, other geometries, rings of fewer than 3 points, coordinates beyond ±10,000,000.
void read_geojson(std::istream& in, const std::string& where,
                  const std::function<void(const DrawnAnnotation&)>& visit);

}  // namespace histoloom
