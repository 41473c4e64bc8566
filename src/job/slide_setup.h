// What making a new slide takes, decided before any work: its stages, its memory and its disk.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "coarser_run.h"
#include "forecast_text.h"
#include "histoloom/bundle/bundle.h"
#include "image_stage.h"
#include "label_stage.h"
#include "memory_shares.h"
#include "write_stage.h"

namespace histoloom {

struct SlideSetup {
  // Checks all that can be checked without networks, and reads the labels or their outline; writes
  // nothing. `spec`, whose `what` is a NewSlide, and the bundle outlive it. \error UserError.
  SlideSetup(const GenerateSpec& spec, const ModelBundle& bundle, const Replaceable& r);

  // What decides the pixels; reads all files of the model.
  nlohmann::ordered_json job() const;
  // Bytes on disk of all canvases.
  std::uint64_t latents_disk() const {
    return image.painting.disk() + coarser.disk() + labels.disk();
  }
  // Microns along a latent cell of the labels.
  double label_microns() const { return bundle.mpp * bundle.latent.downsampling; }
  // The labels as the image's stage has them, by its own cells.
  const LabelField& image_labels() const { return stage_labels ? *stage_labels : labels.field(); }
  // Has image_labels() follow labels that were painted.
  void take_labels();

  // For the log, in a line.
  std::string log_text(PaintedPart done) const;
  // One fact a line, or a JSON object. Runs a few batches of the networks to tell the time.
  std::string describe(NetworkSource& networks) const;

  const GenerateSpec& spec;
  const Replaceable replace;  // of what is there when the outputs are written
  const NewSlide& slide;
  const ModelBundle& bundle;
  const ModelBundle& image_bundle;  // the stage that is written
  GlassTexture texture;
  LabelStage labels;
  ImageStage image;
  CoarserStages coarser;
  WriteStage writing;
  MemoryShares memory;
  std::unique_ptr<LabelField> stage_labels;  // of a stage that is not the finest
  double label_seconds = 0;                  // that reading took

 private:
  void check_disks() const;
  JobForecast job_forecast(NetworkSource& networks) const;
  std::string json_text_of(const JobForecast& forecast) const;
};

}  // namespace histoloom
