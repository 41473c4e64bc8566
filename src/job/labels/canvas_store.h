// A canvas on disk, and what painting it takes.
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <utility>

#include "histoloom/diffusion/paint_forecast.h"
#include "histoloom/store/latent_array.h"

namespace histoloom {

// What painting a canvas will take, and what an evaluation of its network costs.
struct CanvasForecast {
  PaintForecast painting;
  double gflop_per_evaluation = 0;
};

// Where a canvas lies on disk.
struct CanvasStore {
  std::array<std::filesystem::path, 2> y, x0;  // latent buffers; x0 where the solver keeps it
  ChunkCache& cache;
  std::string job;  // its SHA-256; nothing if it is never resumed
};

// The names of the arrays of a canvas in its directory; the last two with some solvers.
inline constexpr std::array<const char*, 4> kCanvasArrays = {"0", "1", "x0-0", "x0-1"};
// Before the names of the arrays of a coarser canvas in the same directory.
inline constexpr const char* kCoarserPrefix = "coarser-";
inline CanvasStore canvas_in(const std::filesystem::path& directory, ChunkCache& cache,
                             std::string job = {}) {
  return {{directory / kCanvasArrays[0], directory / kCanvasArrays[1]},
          {directory / kCanvasArrays[2], directory / kCanvasArrays[3]},
          cache,
          std::move(job)};
}

}  // namespace histoloom
