#include "histoloom/pyramid/feature.h"

#include "histoloom/core/error.h"

namespace histoloom::pyramid {

bool supports(Profile profile, Feature feature) {
  const bool generic = profile == Profile::generic;
  const bool svs = profile == Profile::svs;
  const bool ome = profile == Profile::ome;
  switch (feature) {
    case Feature::mpp:
    case Feature::description:
    case Feature::date:
    case Feature::icc_profile:
    case Feature::digital_source_type:
    case Feature::big_tiff:
      return true;
    case Feature::magnification:
    case Feature::title:
    case Feature::associated_images:
      return svs || ome;
    case Feature::other_associated_images:
      return ome;
    case Feature::no_associated_images:
    case Feature::one_channel:
    case Feature::label_images:
      return generic || ome;
    case Feature::class_names:
    case Feature::palette:
      return generic;
  }
  throw InternalError("no such feature");
}

}  // namespace histoloom::pyramid
