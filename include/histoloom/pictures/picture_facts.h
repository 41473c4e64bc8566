// What a picture brings along besides its pixels.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "histoloom/core/geometry.h"
#include "histoloom/pyramid/options.h"

namespace histoloom {

struct PictureFacts {
  PixelSize size;
  int channels = 0;  // 1 or 3, 8 bits each; an alpha channel is laid on white
  std::optional<double> mpp;
  std::optional<double> magnification;
  std::vector<std::uint8_t> icc_profile;
  std::string digital_source_type;  // entry in XMP ("trainedAlgorithmicMedia"); empty: none
  std::vector<pyramid::AssociatedImage> associated;
  std::vector<std::string> warnings;  // what was found and can't be kept
};

}  // namespace histoloom
