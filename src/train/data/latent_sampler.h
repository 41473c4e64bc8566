// Draws patches of latents with their labels.
#pragma once

#include <ATen/ATen.h>

#include <optional>
#include <vector>

#include "histoloom/core/progress.h"
#include "histoloom/diffusion/context.h"
#include "histoloom/train/train_options.h"
#include "histoloom/vocabulary/label_set.h"
#include "latent_cache.h"
#include "training_images.h"

namespace histoloom {

struct LatentBatch {
  at::Tensor latents;  // float32 [B, C, p, p]
  at::Tensor labels;   // int64 [B, p, p]
  at::Tensor context;  // float32 [B, K, p, p]; undefined where the denoiser sees none
};

// What a denoiser sees of the coarser stage in training.
struct TrainingContext {
  ContextSpec spec;
  double pixels_a_cell = 1;  // pixels of the coarser stage's picture

  // How far the views reach beyond a patch of so many cells at most, in pixels of the picture.
  std::int64_t reach(int patch) const;
};

// Draws patches: without a condition from all images, else around a cell of a label that was drawn
// first, with the square root of its cells, so that rare labels are seen often enough.
class LatentSampler {
 public:
  // Cells of the label `unknown` get the id 0, as where a denoiser paints.
  LatentSampler(std::vector<CachedLatents> cache, int patch, LabelId unknown,
                std::optional<TrainingContext> context = std::nullopt);
  // Float32 latents with their labels; with the probability `unconditional` labels are all 0. The
  // context is dropped as often, independently.
  LatentBatch draw(int batch, double unconditional) const;
  // The colours of a cell by its latents, as in LatentSpaceSpec; needs a context.
  std::vector<float> fit_colours() const;

 private:
  struct Holder {
    std::int64_t label = 0, cells = 0;
    std::vector<std::size_t> images;  // that hold the label
    std::vector<float> weights;       // how likely each is drawn
  };
  // The parts of a batch that are drawn so far.
  struct Parts {
    std::vector<at::Tensor> latents, labels, context;
  };
  void draw_one(std::size_t image, std::int64_t cell, bool keep_labels, bool keep_context,
                Parts& parts) const;
  // Where the patch at a cell lies on the coarser stage's picture.
  ContextPlace place_of(std::int64_t x, std::int64_t y) const;
  // The context of the patch at a cell, under noise that is drawn.
  at::Tensor draw_context(const at::Tensor& picture, std::int64_t x, std::int64_t y) const;

  std::vector<CachedLatents> cache_;  // unknown is 0, as denoisers have it
  std::vector<Holder> holders_;       // by label
  at::Tensor shares_;                 // how likely each of them is drawn
  at::Tensor areas_;
  int patch_;
  std::optional<TrainingContext> context_;
};

// What a network learns from and what it is measured on.
struct LatentSamplers {
  std::optional<LatentSampler> training, held_out;  // nothing is held out where it isn't asked for
};

// Reads the images that a denoiser learns from, and matches the stain of the unlabelled ones to
// that of the labelled ones that it learns from. \error UserError as read_training_images(), and
// for an image smaller than a patch.
// `whole`: the bundle; `bundle`: the stage of it that is trained.
ImagesOfTraining images_for_denoiser(const TrainOptions& options, const ModelBundle& whole,
                                     const ModelBundle& bundle);

// How the stage's latents are made, and what its denoiser sees of the coarser stage.
LatentOptions latent_options(const TrainOptions& options, const ModelBundle& bundle);

// Encodes images, and with `options.turns` copies of those of the training, turned. \error
// UserError as latents_of()
LatentSamplers encode_images(ImagesOfTraining images, const TrainOptions& options,
                             const ModelBundle& bundle, Progress& progress);

}  // namespace histoloom
