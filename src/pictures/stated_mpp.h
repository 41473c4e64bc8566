// What a slide states of its scale.
#pragma once

#include <cstdlib>
#include <optional>

namespace histoloom {

// The mean of the microns a pixel along both axes, as OpenSlide's properties mpp-x and mpp-y give
// them, null where there is none; nothing unless both are numbers above 0.
inline std::optional<double> stated_mpp(const char* x, const char* y) {
  double sum = 0;
  for (const char* text : {x, y}) {
    const double value = text == nullptr ? 0 : std::strtod(text, nullptr);
    if (!(value > 0)) return std::nullopt;
    sum += value;
  }
  return sum / 2;
}

}  // namespace histoloom
