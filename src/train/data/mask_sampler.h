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
  bool coarser_only = false;  // whether it is drawn in coarser cells alone
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
//
// If the model knows a coarser scale, half of the patches are drawn from masks in those cells, told by
// conditions of their own. Masks that are smaller than half a patch then are left out; beyond a mask
// lies its mirror image.
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

  // The conditions of masks that are all too small for the coarser scale; none if the model has none.
  std::vector<LabelId> without_coarser() const;

 private:
  // The masks of a prompt in cells of one size.
  struct Scale {
    LabelId condition = 0;
    std::vector<at::Tensor> planes = {};  // of each mask, double [2, h, w]: classes; 1 where known
    std::vector<at::Tensor> cells = {};   // the known ones of each mask, as indices
    std::vector<float> weights = {};      // their numbers

    void add(const CompletedMask& mask);
  };
  struct Prompt {
    Scale finer, coarser;
  };
  const Scale& draw_scale() const;
  at::Tensor draw_classes(const Scale& scale) const;

  const MaskModel& model_;
  std::vector<Prompt> prompts_;
};

// A mask in cells `factor` times as long: the class that most of the cells have, known where half of
// them are. What is left at the right and lower border is cut off.
CompletedMask coarser_mask(const CompletedMask& mask, std::int64_t factor);

// A smooth random region of a side × side patch, bool: a tenth to seven tenths of it, on one side
// of it rather than in the middle.
at::Tensor random_region(std::int64_t side);

}  // namespace histoloom
