// An autoencoder whose network counts pixels in another range than [0, 1].
#pragma once

#include <array>
#include <memory>

#include "histoloom/networks/autoencoder.h"

namespace histoloom {

// Wraps a network, which sees `range`[0] for black and `range`[1] for white; images outside are in
// [0, 1] as ever. Stable Diffusion's autoencoders want [−1, 1].
std::unique_ptr<Autoencoder> with_pixel_range(std::unique_ptr<Autoencoder> network,
                                              std::array<double, 2> range);

}  // namespace histoloom
