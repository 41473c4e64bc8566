// The random-patch diffusion as DiffInfinite's code runs it (Aversa et al. 2023, Algorithm 2): in
// memory, crops at random places, one crop and one label at a time. What sampler_bench compares
// with.
//
// Two kindnesses: the last transition, which the published code leaves out, is run, and the state
// before a step is kept for all of its crops.
#pragma once

#include <ATen/ATen.h>

#include "histoloom/bundle/bundle.h"
#include "histoloom/diffusion/random_patch.h"
#include "histoloom/labels/label_field.h"

namespace histoloom {

struct PublishedRun {
  at::Tensor latents;            // [channels, h, w], normalised
  at::Tensor owners;             // int64 [h, w]: the crop of the last step that wrote a cell
  std::int64_t evaluations = 0;  // patches through the network
  double seconds = 0;
};

// Paints the canvas of `labels` with options.steps steps of DDIM, eta, guidance and seed of
// `options`; `start` [channels, h, w] is y_T.
PublishedRun run_published_sampler(const ModelBundle& bundle, Denoiser& denoiser,
                                   const CanvasLabelGrid& labels, const Sampling& options,
                                   const at::Tensor& start);

}  // namespace histoloom
