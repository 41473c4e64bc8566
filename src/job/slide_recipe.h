// A new slide: labels, then latents on disk, then rows of pixels into the pyramid.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "canvas.h"
#include "canvas_labels.h"
#include "decode_stage.h"
#include "histoloom/bundle/bundle.h"
#include "histoloom/core/progress.h"
#include "job_report.h"
#include "label_stage.h"
#include "ledger.h"
#include "memory_plan.h"
#include "networks.h"
#include "paint_stage.h"
#include "work.h"
#include "write_stage.h"

namespace histoloom {

class SlideRecipe {
 public:
  // Checks all that can be checked without networks, and reads the labels or their outline; writes
  // nothing. `spec`, whose `what` is a NewSlide, and the bundle outlive it. \error UserError.
  SlideRecipe(const GenerateSpec& spec, const ModelBundle& bundle, const Replaceable& replace);

  // The networks that run() needs.
  Networks::Needs needs() const { return {.image = true, .labels = labels_.paints()}; }
  // What decides the pixels; reads the model's files once.
  nlohmann::ordered_json job();

  // Makes the slide and everything that was asked for beside it; once. OUT gets its name last:
  // whatever happens before, a resume has a checkpoint to go on from.
  void run(NetworkSource& networks, WorkDirectory& work, const OpenWriter& open_writer,
           Progress& progress);
  // \error UserError if a crop is to be looked at, and the work directory is at another step.
  void check_probe(const WorkDirectory& work) const;
  // What the chosen crop of the unfinished job is like, one fact a line; writes nothing.
  std::string probe(NetworkSource& networks, const WorkDirectory& work, Progress& progress);
  // What run() will do, one fact a line. Runs a few batches of the networks to tell the time.
  std::string describe(NetworkSource& networks) const;

 private:
  struct Run;
  std::uint64_t latents_disk() const { return painting_.disk() + labels_.disk(); }
  void check_disks() const;
  std::string plan_text(const WorkDirectory& work) const;  // for the log
  Scene scene(const CanvasLabelField& on_canvas, std::vector<float> glass_latent) const;
  std::unique_ptr<GlassField> glass_field(const CanvasLabelField& on_canvas) const;

  const GenerateSpec& spec_;
  const NewSlide& slide_;
  const ModelBundle& bundle_;
  LabelStage labels_;
  WriteStage writing_;
  Canvas canvas_;
  PaintStage painting_;
  DecodeStage decoding_;
  MemoryPlan memory_;
  double label_seconds_ = 0;  // that reading took
  JobFacts facts_;
};

}  // namespace histoloom
