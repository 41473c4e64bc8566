// What painting a part of a slide anew takes, decided before any work: where, from what, its
// stages, its memory and its disk.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "canvas_labels.h"
#include "decode_stage.h"
#include "forecast_text.h"
#include "inpaint_coarser.h"
#include "inpaint_region.h"
#include "inpaint_source.h"
#include "mask_labels.h"
#include "memory_shares.h"
#include "networks.h"
#include "paint_stage.h"

namespace histoloom {

struct InpaintSetup {
  // Checks all that can be checked without networks, and reads the region with its surroundings;
  // writes nothing. `spec`, whose `what` is an Inpainting, and the bundle outlive it. \error
  // UserError.
  InpaintSetup(const GenerateSpec& spec, const ModelBundle& bundle);

  // What decides the pixels; reads all files of the model.
  nlohmann::ordered_json job() const;
  // Bytes on disk of the canvas, and of what is kept of the slide.
  std::uint64_t latents_disk() const;
  PixelRect canvas_pixels() const {
    return pixels_from_latent(geometry.canvas, bundle.latent.downsampling);
  }
  PixelRect decoded_pixels() const {
    return pixels_from_latent(geometry.decoded, bundle.latent.downsampling);
  }
  // What the coarser stages need to know of the finest.
  InpaintedPart part() const { return {slide.size(), geometry, painted, *labels.field}; }
  CanvasLabels labels_on_canvas() const {
    return {*labels.field, geometry.place().size, geometry.place().origin};
  }

  // For the log, in a line.
  std::string log_text(PaintedPart done) const;
  // One fact a line, or a JSON object. Runs a few batches of the networks to tell the time.
  std::string describe(NetworkSource& networks) const;

  const GenerateSpec& spec;
  const Inpainting& what;
  const ModelBundle& bundle;
  PixelRegion region;
  pyramid::TileEditor slide;
  std::optional<double> mpp;  // of the slide
  InpaintGeometry geometry;
  std::vector<std::uint8_t> pixels;  // of the canvas, as the slide has them
  MaskLabels labels;
  std::vector<std::uint8_t> painted;  // 1 for the canvas's cells that are painted
  InpaintCoarser coarser;
  PaintStage painting;
  DecodeStage decoding;
  MemoryShares memory;

 private:
  void check_disks() const;
  std::string source_of_labels() const;
  JobForecast job_forecast(NetworkSource& networks) const;
  std::string json_text_of(const JobForecast& forecast) const;
};

}  // namespace histoloom
