// One coarser stage of a job: painted on a canvas in the work directory, decoded into a picture
// beside it.
#pragma once

#include <cstdint>
#include <functional>

#include "decode_stage.h"
#include "paint_stage.h"
#include "recipe_run.h"

namespace histoloom {

// Bytes on disk of a picture.
std::uint64_t stage_picture_disk(PixelSize size);
// Bytes of memory beside the decoder's while a picture `width` px wide is decoded.
std::uint64_t stage_picture_memory(const ModelBundle& bundle, std::int64_t width);

// The picture of stage `index` in a work directory, three channels from 0 to 1, a cell a pixel: the
// one that is `there`, or made anew. \error UserError as latent_buffer_at().
LatentArray stage_picture(const WorkDirectory& work, std::size_t index, PixelSize size,
                          ChunkCache& cache, bool there);

// Fills rows of such a picture from `y` on.
void store_picture_rows(LatentArray& picture, const Picture& rows, std::int64_t y);

// Changes rows of pixels, the first of which is row `y`, before they are stored.
using EditRows = std::function<void(std::int64_t y, Picture& rows)>;

struct StageScene {
  std::size_t index = 0;  // of the stage, 0 the coarsest
  const PaintStage& painting;
  const DecodeStage& decoding;
  PixelSize size;  // of the picture
  Scene scene;
  BareGlass glass;
  EditRows edit = [](std::int64_t, Picture&) {};
};

// Paints and decodes, from where earlier runs have left it. Throws as PaintStage::run().
LatentArray run_stage(RecipeRun& run, const StageScene& stage);

}  // namespace histoloom
