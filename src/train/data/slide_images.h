// Real slides as training images, at the resolution that the model paints.
#pragma once

#include <cstdint>
#include <vector>

#include "histoloom/train/image_set.h"
#include "histoloom/vocabulary/label_set.h"

namespace histoloom {

// A slide of at most 16 megapixels (at the model's resolution) whole; of a larger one at most
// `options.regions` squares of `options.region_side` px, of which a quarter or more is tissue:
// those where annotations lie first, and in no order among each other, so that they come from
// everywhere. The choice depends on the slide alone.
//
// A slide that states its microns per pixel is scaled to `options.mpp` from the next finer level,
// within 5 % it is taken as it is. UserError for what OpenSlide can't read, a slide coarser than
// the model, one without tissue, and annotations as read_annotations() refuses them.
std::vector<TrainingImage> read_slide(const TrainingSlide& slide, const LabelSet& labels,
                                      const ImageSetOptions& options);

}  // namespace histoloom
