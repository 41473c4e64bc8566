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

// The stage of `whole` that `options.stage` names; the finest if it names none. \error UserError if
// there is no such stage.
const ModelBundle& stage_to_train(const TrainOptions& options, const ModelBundle& whole);

// Reads what `options.data` names, in latent cells and at the resolution of `stage`; images of more
// than 16 megapixels come in pieces. Images of a folder have the pixels of `whole`, the bundle: for a
// coarser stage they are shrunk, and those that are then too small are left out. \error UserError as
// read_image_set(), for an image of less than `side` pixels a side, and if a coarser stage is left
// with none.
ImagesOfTraining read_training_images(const TrainOptions& options, const ModelBundle& whole,
                                      const ModelBundle& stage, std::int64_t side);

// Puts in the place of every image of more than 16 megapixels its pieces, which have `side` px a
// side or more, are whole in latent cells of `factor` pixels and cover it. Networks take an image
// at once, at some 100 bytes a pixel.
std::vector<TrainingImage> cut_large(std::vector<TrainingImage> images, int factor,
                                     std::int64_t side);

}  // namespace histoloom
