// Draws patches of latents with their labels.
#pragma once

#include <torch/torch.h>

#include <optional>
#include <vector>

#include "histoloom/core/progress.h"
#include "histoloom/labels/label_set.h"
#include "histoloom/train/train.h"
#include "latent_cache.h"

namespace histoloom {

struct LatentBatch {
  at::Tensor latents;  // float32 [B, C, p, p]
  at::Tensor labels;   // int64 [B, p, p]
};

// Draws patches: without a condition from all images, else around a cell of a label that was drawn
// first, so that rare labels are seen as often as common ones.
class LatentSampler {
 public:
  LatentSampler(std::vector<CachedLatents> cache, int patch, LabelId unknown);
  LatentBatch draw(int batch, double unconditional) const;

 private:
  struct Holder {
    std::int64_t label = 0;
    std::vector<std::size_t> images;  // that hold the label
    std::vector<float> weights;       // how likely each is drawn
  };
  void draw_one(std::size_t image, std::int64_t cell, std::vector<at::Tensor>& latents,
                std::vector<at::Tensor>& labels, bool keep_labels) const;

  std::vector<CachedLatents> cache_;
  std::vector<Holder> holders_;  // by label
  at::Tensor areas_;
  int patch_;
};

// What a network learns from and what it is measured on, the stain of all matched to that of the
// labelled images that it learns from.
struct LatentSamplers {
  std::optional<LatentSampler> training, held_out;  // nothing is held out where it isn't asked for
};

// Reads and encodes the images. \error UserError as read_image_set() and latents_of(), and for an
// image smaller than a patch.
LatentSamplers read_latent_samplers(const TrainOptions& options, const ModelBundle& bundle,
                                    const LabelSet& labels, Progress& progress);

}  // namespace histoloom
