// Cells that are not painted, since what they hold is known: glass, and what the scene keeps.
#pragma once

#include <cstdint>
#include <vector>

#include "histoloom/diffusion/scene.h"

namespace histoloom {

// Any thread. `labels` are those of the rectangle, row by row.
class KnownCells {
 public:
  // `scene` outlives it.
  KnownCells(const Scene& scene, int channels) : scene_(scene), channels_(channels) {}

  // 1 where a cell of `rect` is known, row by row.
  std::vector<std::uint8_t> flags(const LatentRect& rect, const LabelId* labels) const;
  // What they hold: clean latents [channels, height, width], NaN where cells are painted.
  std::vector<float> clean(const LatentRect& rect, const LabelId* labels) const;
  // Stores the cells of `rect` that the scene keeps; glass stays NaN.
  void write_kept(const LatentRect& rect, LatentArray& target) const;

  bool is_glass(LabelId id) const { return scene_.glass && id == *scene_.glass; }

 private:
  const Scene& scene_;
  int channels_;
};

}  // namespace histoloom
