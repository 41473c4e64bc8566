// The images of autoencoder and denoiser, read as a bundle's networks need them.
#pragma once

#include <vector>

#include "histoloom/bundle/bundle.h"
#include "histoloom/train/train_options.h"
#include "histoloom/vocabulary/label_set.h"

namespace histoloom {

struct ImagesOfTraining {
  LabelSet labels;
  std::vector<TrainingImage> training, held_out;  // none is held out where it isn't asked for
};

// Reads what `options.data` names, in latent cells and at the resolution of the bundle; images of
// more than 16 megapixels come in pieces. \error UserError as read_image_set(), and for an image of
// less than `side` pixels a side.
ImagesOfTraining read_training_images(const TrainOptions& options, const ModelBundle& bundle,
                                      std::int64_t side);
// The same for a coarser stage, whose pixels are `shrink` of those of the folder's images. Images
// that are too small are left out. \error UserError if none is left.
ImagesOfTraining read_stage_images(const TrainOptions& options, const ModelBundle& stage,
                                   double shrink, std::int64_t side);

// Puts in the place of every image of more than 16 megapixels its pieces, which have `side` px a
// side or more, are whole in latent cells of `factor` pixels and cover it. Networks take an image
// at once, at some 100 bytes a pixel.
std::vector<TrainingImage> cut_large(std::vector<TrainingImage> images, int factor,
                                     std::int64_t side);

}  // namespace histoloom
