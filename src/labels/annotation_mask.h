// Annotations as a mask.
#pragma once

#include <istream>
#include <memory>
#include <optional>
#include <string>

#include "histoloom/core/geometry.h"
#include "histoloom/labels/label_field.h"
#include "histoloom/vocabulary/label_set.h"

namespace histoloom {

// The label that a class of annotations names: by its whole name, then without regard to case, then
// by what a derived class comes from ("Tumor: Positive" from "Tumor"). nullptr where there is none.
const Label* label_of_class(const LabelSet& labels, std::string_view name);

// The slide that annotations were drawn on.
struct AnnotatedSlide {
  PixelSize size;
  int factor = 8;          // pixels a cell
  LabelId background = 0;  // of cells that no polygon holds
  // What to do about an annotation outside of the slide.
  const char* cure = "change --size, or remove it";
  // What the slide is scaled to before it is cut into cells; empty: it stays as it is.
  std::optional<PixelSize> scaled = std::nullopt;
};

// Paints annotations (geojson_reader.h) in the order of the file, later ones over earlier ones.
// `where` names the file in errors.
//
// UserError besides those of the reader for an annotation without a class, one whose class is no
// label, and one that lies outside of the slide altogether.
std::unique_ptr<LabelField> mask_of_annotations(std::istream& in, const std::string& where,
                                                const LabelSet& labels,
                                                const AnnotatedSlide& slide);

}  // namespace histoloom
