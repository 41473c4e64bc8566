// Seams: whether a grid along which a picture was put together can be found in it.
//
// A boundary at x lies between the pixels x − 1 and x. Decoders print a faint texture with the
// period of a latent cell. So a boundary is compared with columns nearby that have the same phase
// modulo the latent factor, never with any column. A real picture cut by the same grid gives a
// measure's floor, real patches laid edge to edge give the ceiling (hard_tiling()).
//
// Example: a decoder's windows of 256 px with a stride of 192 px in a slide with 8 px a cell make
// uniform_grid(size, 192). A boundary at x = 384 is compared with 360, 368, 376, 392, 400, 408.
//
// JPEG prints a grid of its own; measure what was stored without it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "histoloom/evaluate/picture_ops.h"

namespace histoloom::evaluate {

// Where boundaries may lie. Positions may be 0 or past the picture: they count if a shift moves
// them inside.
struct SeamGrid {
  std::vector<std::int64_t> columns, rows;  // px, ascending
  // Shifts of 0 < d < period are the other phases, which the true one is compared with. Of an
  // irregular grid: the smallest distance of two lines.
  std::int64_t period = 0;
};

// Lines at phase, phase + period, … on both axes; 0 ≤ phase < period.
SeamGrid uniform_grid(PixelSize size, std::int64_t period, std::int64_t phase = 0);
// Lines at these places only. \error UserError for lines that don't ascend.
SeamGrid grid_of_lines(std::vector<std::int64_t> columns, std::vector<std::int64_t> rows);

struct SeamOptions {
  std::int64_t latent_factor = 8;  // px a latent cell
  int neighbours = 3;              // lines of the same phase compared with, on either side
  std::int64_t segment = 64;       // px along a boundary over which density is averaged
};

struct SeamMeasure {
  std::int64_t boundaries = 0;  // number over both axes and all pictures
  // Mean gradient across the boundaries over that at their neighbours; 1 without seams.
  double gradient_ratio = 0;
  // The z-score of the true phase's ratio among those of all other phases; none if there are fewer
  // than 8 others.
  std::optional<double> z;
  // Mean step of optical density across a boundary, between strips of one latent cell on either
  // side, segment by segment. The second value is that at the neighbours.
  double density_step = 0;
  double density_step_beside = 0;
};

// How many boundaries of a grid measure_seams() would compare in a picture of this size.
std::int64_t count_boundaries(PixelSize size, const SeamGrid& grid, const SeamOptions& options);

struct CutPicture {
  const Picture* picture = nullptr;
  SeamGrid grid;
};

// Pools both axes of all pictures. \error UserError if no boundary with neighbours lies inside.
SeamMeasure measure_seams(const std::vector<CutPicture>& pictures, const SeamOptions& options);

// A picture of `across` × `across` tiles of period × period px, cut from the corners of
// `patches`. The patches are taken in their order, over again if there are too few, and are at
// least as large as a tile.
Picture hard_tiling(Pictures patches, std::int64_t period, std::int64_t across);

}  // namespace histoloom::evaluate
