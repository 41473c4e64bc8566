// A part of a slide painted anew: encode its surroundings, paint among them, decode, blend, write.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "canvas_labels.h"
#include "decode_stage.h"
#include "histoloom/bundle/bundle.h"
#include "histoloom/core/progress.h"
#include "histoloom/labels/pixel_region.h"
#include "histoloom/pyramid/tile_editor.h"
#include "inpaint_region.h"
#include "job_report.h"
#include "ledger.h"
#include "memory_plan.h"
#include "networks.h"
#include "paint_stage.h"
#include "work.h"

namespace histoloom {

// \error UserError if OUT is the slide that is to be kept.
void require_copy(const GenerateSpec& spec);

class InpaintRecipe {
 public:
  // Checks all that can be checked without networks, and reads the region with its surroundings;
  // writes nothing. `spec`, whose `what` is an Inpainting, and the bundle outlive it. \error
  // UserError.
  InpaintRecipe(const GenerateSpec& spec, const ModelBundle& bundle);

  // What decides the pixels; reads the model's files once.
  nlohmann::ordered_json job();

  // Writes OUT and its manifest, and the report where it was asked for; once.
  void run(NetworkSource& networks, WorkDirectory& work, Progress& progress);
  // What run() will do, one fact a line. Runs a few batches of the networks to tell the time.
  std::string describe(NetworkSource& networks) const;

 private:
  struct Run;
  LabelId class_id() const;
  std::unique_ptr<LabelField> read_labels() const;
  void check_disks() const;
  // Bytes on disk of the latents: the canvas, and what is kept of the slide.
  std::uint64_t latents_disk() const;
  PixelRect canvas_pixels() const {
    return pixels_from_latent(geometry_.canvas, bundle_.latent.downsampling);
  }
  PixelRect decoded_pixels() const {
    return pixels_from_latent(geometry_.decoded, bundle_.latent.downsampling);
  }
  // Latents of the canvas with NaN in the cells that are painted.
  std::vector<float> without_painted(const LatentRect& cells, const float* latents) const;
  void write_slide(std::vector<std::uint8_t> rgb);
  void write_manifest();

  const GenerateSpec& spec_;
  const Inpainting& what_;
  const ModelBundle& bundle_;
  PixelRegion region_;
  pyramid::TileEditor slide_;
  std::optional<double> mpp_;  // of the slide
  InpaintGeometry geometry_;
  std::vector<std::uint8_t> pixels_;  // of the canvas, as the slide has them
  std::unique_ptr<LabelField> labels_;
  std::vector<std::uint8_t> painted_;  // 1 for the canvas's cells that are painted
  PaintStage painting_;
  DecodeStage decoding_;
  MemoryPlan memory_;
  JobFacts facts_;
};

}  // namespace histoloom
