// Patches of completed masks, as the mask denoiser is shown them.
#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "complete_masks.h"
#include "histoloom/bundle/mask_model.h"

namespace histoloom {

struct PromptedMask {
  CompletedMask mask;
  LabelId condition = 0;
};

struct MaskBatch {
  at::Tensor x0;          // float32 [B, K, p, p]: scaled classes, 0 beyond the tissue
  at::Tensor conditions;  // int64 [B, p, p]: the prompt, or what marks cells beyond the tissue
  at::Tensor tissue;      // float32 [B, 1, p, p]: 1 where the loss counts
};

// Every prompt is drawn as often as another; of its masks a known cell, each as likely as another,
// and a patch anywhere around it, turned by any angle or mirrored: the cells' axes mean nothing. Of
// sixteen tries the first counts of which a fifth is known, or the last. Half of the patches lose a
// part to glass, with a wavy edge, so that the network learns what lies along the rims of islands.
class MaskSampler {
 public:
  MaskSampler(const std::vector<PromptedMask>& masks, const MaskModel& model);
  MaskSampler(const MaskSampler&) = delete;
  MaskSampler& operator=(const MaskSampler&) = delete;

  // Whether no cell of any mask is known, so that nothing can be drawn.
  bool empty() const { return prompts_.empty(); }

  // From torch's generator. A patch is shown without its conditions with probability
  // `unconditional`.
  MaskBatch draw(int batch, double unconditional) const;

 private:
  struct Prompt {
    LabelId condition = 0;
    std::vector<at::Tensor> planes;  // of each mask, double [2, h, w]: classes; 1 where known
    std::vector<at::Tensor> cells;   // the known ones of each mask, as indices
    at::Tensor weights;              // their numbers
  };
  at::Tensor draw_classes(const Prompt& prompt) const;

  const MaskModel& model_;
  std::vector<Prompt> prompts_;
};

// A smooth random region of a side × side patch, bool: a tenth to seven tenths of it, on one side
// of it rather than in the middle.
at::Tensor random_region(std::int64_t side);

}  // namespace histoloom
