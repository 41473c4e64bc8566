// Labels painted by a bundle's mask denoiser: an outline says where tissue lies, random-patch
// diffusion on a canvas of mask cells says which class it is.
//
// The canvas lies on disk, two generations of it as of the image's latents, so labels of any size
// are painted and a painting that was killed goes on from its last commit. Labels are read from it
// by rectangles.
//
// Example: a slide of 2048 × 2048 px has 256 × 256 latent cells of 8 px and, with MaskSpec::cell
// 16, a canvas of 128 × 128 mask cells; each decides 2 × 2 latent cells.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "forecast.h"
#include "histoloom/diffusion/mask_model.h"
#include "histoloom/diffusion/random_patch.h"
#include "histoloom/slide/options.h"
#include "scene_labels.h"

namespace histoloom {

// The arrays that painting leaves in its directory; the last two with some samplers.
inline constexpr std::array<const char*, 4> kCanvasArrays = {"0", "1", "x0-0", "x0-1"};

// Whether generate can paint labels with this bundle.
bool can_paint_masks(const ModelBundle& bundle);

class MaskPainting {
 public:
  // UserError for a bundle that can't, and a prompt that it lacks ("" is its first). Both arguments
  // outlive the painting.
  MaskPainting(const ModelBundle& bundle, const LabelSet& labels, std::string_view prompt);

  // The prompt's name; empty where the bundle has none.
  std::string prompt() const { return condition_ > 0 ? bundle_.prompts[condition_ - 1u] : ""; }
  // The bundle's settings for masks; what a resume has done is the caller's to add.
  DiffusionOptions options(std::uint64_t seed, int threads) const;
  // Bytes of both generations, and of a commit's copy of one.
  std::uint64_t disk(LatentSize slide_cells) const;
  // Bytes of memory beside the network and the store's cache.
  std::uint64_t memory(LatentSize slide_cells, const DiffusionOptions& options) const;
  // What paint() will take; loads the network.
  CanvasForecast forecast(const LabelField& outline, const DiffusionOptions& options,
                          DType dtype) const;

  // Paints the unknown cells of `outline`, whose cells are latents of the slide; all others stay.
  // The generations lie in `directory`, which exists, and are opened where `resumed`, else made.
  // The field that it returns reads them, so they stay as long as it lives. Throws as
  // paint_latents().
  std::unique_ptr<LabelField> paint(std::unique_ptr<LabelField> outline,
                                    const DiffusionOptions& options, DType dtype,
                                    const std::filesystem::path& directory, bool resumed,
                                    ChunkCache& cache, Progress& progress,
                                    DiffusionReport& report) const;

 private:
  LatentSize canvas(LatentSize slide_cells) const;
  // What the network sees of an outline, which outlives it, in mask cells.
  CanvasLabels conditions_of(const LabelField& outline) const;
  Scene scene_of(const CanvasLabels& conditions) const;
  int latents_a_cell() const { return bundle_.mask->cell / bundle_.downsampling; }

  const ModelBundle& bundle_;
  LabelId unknown_;
  MaskModel model_;
  LabelId condition_;
};

// What paints the labels of these options: nothing where they are given by a mask, or where the
// bundle has no mask denoiser and no prompt is asked for.
std::unique_ptr<MaskPainting> mask_painting_of(const SceneOptions& options,
                                               const ModelBundle& bundle, const LabelSet& labels);

}  // namespace histoloom
