// The few facts of an OME-XML text that readers take a slide's scale and pictures from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "histoloom/core/geometry.h"

namespace histoloom::pyramid {

struct OmeImage {
  std::string name;
  PixelSize size;
  std::optional<double> mpp_x;  // PhysicalSizeX in microns
  std::optional<double> mpp_y;
  std::string unit;            // PhysicalSizeXUnit, as it is written; empty: not given
  bool interleaved = false;    // Interleaved="true"
  int directory = -1;          // TiffData's IFD; -1: not given
  bool has_objective = false;  // ObjectiveSettings
  std::int64_t planes = 0;     // SizeC times SizeZ times SizeT, each at most 65536
};

struct OmeXml {
  std::vector<OmeImage> images;
  std::optional<double> magnification;  // the first Objective's NominalMagnification
  bool complete = false;                // ends with OME>
};

// Looks for elements and attributes only; text that isn't XML gives an empty result.
OmeXml parse_ome_xml(std::string_view xml);

}  // namespace histoloom::pyramid
