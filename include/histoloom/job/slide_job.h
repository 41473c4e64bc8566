// The job: from options to a finished slide.
//
//     labels ─▶ diffusion (latents on disk) ─▶ decode ─▶ pyramid ─▶ OUT
//
// The constructor checks options, files, disk and model, loads each network and writes nothing.
// run() does the work. What is unfinished lies in the work directory:
//
//   job.json          what decides the pixels; a resume with another job is refused
//   state.json        how many steps, and crops of the next, are committed; what was done so far
//   mask/             two latent buffers of the painted labels, Zarr v2
//   latents/          two latent buffers, Zarr v2
//   slide.checkpoint  while decoding: how far the slide is
//
// The slide grows as a hidden partial file beside OUT and is renamed at the end, after everything
// else is written. A job that is killed or stopped anywhere goes on from there.
#pragma once

#include <memory>
#include <string>

#include "histoloom/core/progress.h"
#include "histoloom/job/generate_spec.h"

namespace histoloom {

class SlideJob {
 public:
  // UserError for anything that can't be used, before any work.
  explicit SlideJob(const GenerateSpec& spec);
  ~SlideJob();
  SlideJob(SlideJob&&) noexcept;

  // Makes the slide and everything else that was asked for.
  void run(Progress& progress);
  // Looks at one crop of the unfinished job (NewSlide::only_crop) and tells of it, one fact a line;
  // writes nothing.
  std::string probe(Progress& progress);
  // What run() will do: size, tiles, evaluations, time, disk and memory. One fact a line, or a JSON
  // object if the spec asks for it. Runs a few batches of the networks to tell the time.
  std::string describe() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace histoloom
