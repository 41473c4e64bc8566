// What making a new slide takes, decided before any work: its stages, its memory and its disk.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "canvas.h"
#include "canvas_labels.h"
#include "decode_stage.h"
#include "forecast_text.h"
#include "histoloom/bundle/bundle.h"
#include "label_stage.h"
#include "memory_shares.h"
#include "paint_stage.h"
#include "write_stage.h"

namespace histoloom {

struct SlideSetup {
  // Checks all that can be checked without networks, and reads the labels or their outline; writes
  // nothing. `spec`, whose `what` is a NewSlide, and the bundle outlive it. \error UserError.
  SlideSetup(const GenerateSpec& spec, const ModelBundle& bundle, const Replaceable& r);

  // What decides the pixels; reads all files of the model.
  nlohmann::ordered_json job() const;
  // Bytes on disk of both canvases.
  std::uint64_t latents_disk() const { return painting.disk() + labels.disk(); }
  CanvasLabels labels_on_canvas() const { return {labels.field(), canvas.size, canvas.origin}; }
  // `glass_latent`: of latent_of_glass(), or empty where nothing is painted.
  Scene scene(const CanvasLabelField& on_canvas, std::vector<float> glass_latent) const;
  std::unique_ptr<GlassField> glass_field(const CanvasLabelField& on_canvas) const;
  // What the bare slide is to the denoiser, a value a channel.
  std::vector<float> latent_of_glass(Autoencoder& autoencoder) const;

  // For the log, in a line.
  std::string log_text(PaintedPart done) const;
  // One fact a line, or a JSON object. Runs a few batches of the networks to tell the time.
  std::string describe(NetworkSource& networks) const;

  const GenerateSpec& spec;
  const Replaceable replace;  // of what is there when the outputs are written
  const NewSlide& slide;
  const ModelBundle& bundle;
  GlassTexture texture;
  LabelStage labels;
  WriteStage writing;
  Canvas canvas;
  PaintStage painting;
  DecodeStage decoding;
  MemoryShares memory;
  double label_seconds = 0;  // that reading took

 private:
  void check_disks() const;
  JobForecast job_forecast(NetworkSource& networks) const;
  std::string json_text_of(const JobForecast& forecast) const;
};

}  // namespace histoloom
