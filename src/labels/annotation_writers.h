// The formats that annotations are written in, as text piece by piece.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "histoloom/labels/annotations.h"

namespace histoloom {

// A place in half pixels, so that it is a whole number.
struct HalfPixel {
  std::int64_t x = 0;
  std::int64_t y = 0;
};

struct Annotation {
  const Label& label;
  std::vector<std::vector<HalfPixel>> rings;  // outer first; the last point is not the first again
};

class AnnotationWriter {
 public:
  virtual ~AnnotationWriter() = default;
  virtual std::string begin() const = 0;
  virtual std::string annotation(const Annotation& annotation) = 0;
  virtual std::string end() const = 0;
};

// `source`: what object ids belong to.
std::unique_ptr<AnnotationWriter> make_geojson_writer(std::string source);
// Holes are polygons of the group that `labels` call glass ("hole" without one), right after
// theirs: filled in the order of the file, the polygons give the mask.
std::unique_ptr<AnnotationWriter> make_asap_writer(const LabelSet& labels);

}  // namespace histoloom
