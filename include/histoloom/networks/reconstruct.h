// What an autoencoder makes of a picture.
#pragma once

#include <cstdint>
#include <vector>

#include "histoloom/core/geometry.h"
#include "histoloom/networks/autoencoder.h"

namespace histoloom {

// Encodes a picture and decodes it again, rounded to 8 bits: RGB, rows without gaps, sides that are
// multiples of the downsampling factor. Any thread after prepare_inference().
std::vector<std::uint8_t> reconstruct(Autoencoder& autoencoder,
                                      const std::vector<std::uint8_t>& rgb, PixelSize size);

}  // namespace histoloom
