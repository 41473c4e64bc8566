// Stain augmentation: densities of haematoxylin and eosin, scaled and shifted.
//
// A pixel's optical density −ln((255·x + 1) / 256), x in [0, 1], is s_h·h + s_e·e + rest, with the
// unit vectors h and e of Ruifrok and Johnston (2001, table 1) and a rest at right angles to both.
// Each stain's density s becomes scale·s + shift, as Tellez et al. (2019, section 3.2) vary it; the
// rest stays.
#pragma once

#include <ATen/ATen.h>

#include <array>

namespace histoloom {

// Unit vectors in optical densities of red, green and blue.
inline constexpr std::array<double, 3> kHaematoxylin{0.650, 0.704, 0.286};
inline constexpr std::array<double, 3> kEosin{0.072, 0.990, 0.105};

// By stain: haematoxylin, eosin.
struct StainChange {
  std::array<double, 2> scale{1, 1};
  std::array<double, 2> shift{0, 0};
};

// Uniform draws from torch's generator: scales of 1 ± 0.2·strength, shifts of ± 0.05·strength.
StainChange draw_stain_change(double strength);

// A picture [3, H, W] in [0, 1], its stains changed; black and white are the limits.
at::Tensor change_stain(const at::Tensor& picture, const StainChange& change);

}  // namespace histoloom
