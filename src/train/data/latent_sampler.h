// Draws patches of latents with their labels.
#pragma once

#include <ATen/ATen.h>

#include <optional>
#include <vector>

#include "histoloom/core/progress.h"
#include "histoloom/train/train_options.h"
#include "histoloom/vocabulary/label_set.h"
#include "latent_cache.h"
#include "training_images.h"

namespace histoloom {

struct LatentBatch {
  at::Tensor latents;  // float32 [B, C, p, p]
  at::Tensor labels;   // int64 [B, p, p]
};

// Draws patches: without a condition from all images, else around a cell of a label that was drawn
// first, with the square root of its cells, so that rare labels are seen often enough.
class LatentSampler {
 public:
  // Cells of the label `unknown` get the id 0, as where a denoiser paints.
  LatentSampler(std::vector<CachedLatents> cache, int patch, LabelId unknown);
  // Float32 latents with their labels; with the probability `unconditional` labels are all 0.
  LatentBatch draw(int batch, double unconditional) const;

 private:
  struct Holder {
    std::int64_t label = 0, cells = 0;
    std::vector<std::size_t> images;  // that hold the label
    std::vector<float> weights;       // how likely each is drawn
  };
  void draw_one(std::size_t image, std::int64_t cell, std::vector<at::Tensor>& latents,
                std::vector<at::Tensor>& labels, bool keep_labels) const;

  std::vector<CachedLatents> cache_;  // unknown is 0, as denoisers have it
  std::vector<Holder> holders_;       // by label
  at::Tensor shares_;                 // how likely each of them is drawn
  at::Tensor areas_;
  int patch_;
};

// What a network learns from and what it is measured on.
struct LatentSamplers {
  std::optional<LatentSampler> training, held_out;  // nothing is held out where it isn't asked for
};

// Reads the images that a denoiser learns from, and matches the stain of the unlabelled ones to
// that of the labelled ones that it learns from. \error UserError as read_training_images(), and
// for an image smaller than a patch.
ImagesOfTraining images_for_denoiser(const TrainOptions& options, const ModelBundle& bundle);

// Encodes images, and with `options.turns` copies of those of the training, turned. \error
// UserError as latents_of()
LatentSamplers encode_images(ImagesOfTraining images, const TrainOptions& options,
                             const ModelBundle& bundle, Progress& progress);

}  // namespace histoloom
