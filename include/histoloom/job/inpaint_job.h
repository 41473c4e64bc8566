// A part of a real slide painted anew: `histoloom generate --inpaint`.
//
//     slide ─▶ encode ─▶ diffusion (kept cells) ─▶ decode ─▶ blend ─▶ a copy with new tiles
//
// The region's surroundings, a patch a side, are encoded and kept; the region's cells are painted
// among them (DiffInfinite, section D). The decoded pixels fade into the slide's over 16 px outside
// the region. Every pixel beyond is as it was (pyramid/tile_editor.h says what that means in JPEG).
// The work directory is that of SlideJob, and so is what a resume needs.
//
// In memory: the networks, and about 30 bytes a pixel of the region and its surroundings.
#pragma once

#include <memory>
#include <string>

#include "histoloom/core/progress.h"
#include "histoloom/job/generate_spec.h"

namespace histoloom {

class InpaintJob {
 public:
  // UserError for anything that can't be used, before any work.
  explicit InpaintJob(const GenerateSpec& spec);
  ~InpaintJob();
  InpaintJob(InpaintJob&&) noexcept;

  // Writes OUT and its manifest, and the report if it was asked for.
  void run(Progress& progress);
  // What run() will do, one fact a line, or a JSON object if the spec asks for it.
  std::string describe() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace histoloom
