// How large the pixels of a TIFF file are, and what pictures lie beside it, as one value.
//
// The rules are those of QuPath's view (verify.h), which asks OpenSlide or Bio-Formats, whichever
// knows more of the file. The scale comes from Aperio's description, OME-XML or ImageJ's
// description, else from the resolution tags of TIFF. Tags without a unit are a ratio of sides and
// no scale.
//
// Example: an SVS file whose description says "MPP = 0.25" has mpp 0.25 × 0.25, whatever its
// resolution tags say. A scan of a photograph at 300 dots an inch has 84.7 × 84.7 by its tags.
#pragma once

#include <optional>
#include <vector>

#include "histoloom/pyramid/tiff_file.h"
#include "histoloom/pyramid/verify.h"

namespace histoloom::pyramid {

struct TiffScale {
  std::optional<double> mpp_x;  // microns per pixel of level 0
  std::optional<double> mpp_y;
  // Whether the scale comes from the resolution tags, in which printers' dots an inch stand too.
  bool by_resolution = false;
  std::optional<double> magnification;
  std::vector<AssociatedView> associated;
};

// The scale of a file; empty if QuPath doesn't open the file. Pure: looks at no disk.
TiffScale scale_of(const TiffFile& file);

}  // namespace histoloom::pyramid
