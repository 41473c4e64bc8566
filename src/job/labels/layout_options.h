// What a layout is made by: a user's choices and a bundle's scale.
#pragma once

#include <cstdint>

#include "histoloom/bundle/bundle.h"
#include "histoloom/job/label_spec.h"
#include "histoloom/labels/layout.h"

namespace histoloom {

inline LayoutOptions layout_options(const LayoutSource& source, std::uint64_t seed,
                                    const ModelBundle& bundle) {
  LayoutOptions layout;
  layout.kind = source.kind.value_or(LayoutKind::full);
  layout.tissue_fraction = source.tissue_fraction.value_or(layout.tissue_fraction);
  layout.microns_per_cell = bundle.mpp * bundle.latent.downsampling;
  layout.seed = seed;
  layout.pieces = source.pieces.value_or(0);
  return layout;
}

}  // namespace histoloom
