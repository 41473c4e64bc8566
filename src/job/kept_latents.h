// The latents of a slide around what is painted anew.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "recipe_run.h"

namespace histoloom {

struct KeptPicture {
  std::span<const std::uint8_t> pixels;  // RGB of the canvas, as the slide has them
  PixelSize size;
  LatentSize canvas;
  const std::vector<std::uint8_t>& painted;  // 1 for the cells of the canvas that are painted
};

// Encodes a canvas into the array kKeptArray of `directory`, NaN in the cells that are painted. Made
// again by a run that resumes; its values are the same. `bundle`: of the stage. Throws as
// encode_picture().
LatentArray encode_kept(RecipeRun& run, const std::filesystem::path& directory,
                        const ModelBundle& bundle, Autoencoder& autoencoder,
                        const KeptPicture& picture, int threads);

}  // namespace histoloom
