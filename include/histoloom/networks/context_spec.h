// What a finer stage sees of the coarser one: pictures of it around the patch, besides the labels.
//
// A view is a square of the coarser stage's picture, in the middle of which the patch lies. `detail`
// samples are taken for each cell along a side of the patch, evenly over the view. Folded into the
// cells they become 3·detail² planes of patch × patch values, from -1 (black) to 1 (white). Two
// planes follow: the deviation of the noise that was added to the picture, and 1. All planes are 0
// if there is no context.
//
// Example: a patch of 32 × 32 cells of 8 px spans 128 microns if a pixel has 0.5. The coarser stage
// has 4 microns a pixel. So the view {extent 1, detail 1} is 32 × 32 px of the picture, one a cell.
// The view {extent 3, detail 1} is 96 × 96 px, and each value is the mean of about nine.
//
// Source: cascaded diffusion with noise augmentation, Ho et al. 2021; magnifications as in URCDM,
// Cechnicka et al. 2024.
#pragma once

#include <vector>

namespace histoloom {

struct ContextView {
  int extent = 1;  // sides of a patch that the view spans each way
  int detail = 1;  // samples for each cell along a side of the patch

  bool operator==(const ContextView&) const = default;
};

struct ContextSpec {
  std::vector<ContextView> views;
  double noise = 0;       // deviation of the noise on the picture when a slide is painted
  double most_noise = 0;  // deviation up to which training adds noise, drawn evenly

  bool operator==(const ContextSpec&) const = default;
};

// The most planes of a context.
inline constexpr int kMaxContextChannels = 256;

// Planes of a context.
inline int context_channels(const ContextSpec& spec) {
  int planes = 2;
  for (const ContextView& view : spec.views) planes += 3 * view.detail * view.detail;
  return planes;
}

}  // namespace histoloom
