// The state of a canvas on disk, and how far it has come.
#pragma once

#include <array>
#include <cstdint>

#include "histoloom/store/latent_array.h"
#include "histoloom/vocabulary/sampler.h"

namespace histoloom {

// Two latent buffers of y, and two of x0 if the solver keeps it, else null. Two, since a step that
// is repeated after a kill must not read what it wrote.
struct CanvasState {
  std::array<LatentArray*, 2> y{};
  std::array<LatentArray*, 2> x0{};
};

// Whether the solver needs the latent buffers of x0.
bool keeps_x0(SolverKind kind);

// How far a job on disk has come: whole steps, and crops of the step after them, in the plan's
// order.
struct PaintedPart {
  int steps = 0;
  std::int64_t crops = 0;
  bool operator==(const PaintedPart&) const = default;
};

}  // namespace histoloom
