// Which cells of a slide are tissue: rough islands whose edges are folded, frayed and torn.
//
// An edge is a distance field: the plan's distance, plus octaves of noise from the size of an
// island down to a few cells. Tears and holes are distance fields of their own; a cell is tissue
// where all three are positive. The level of the edge is chosen so that the wanted share of cells
// is tissue.
#pragma once

#include <memory>
#include <vector>

#include "gradient_noise.h"
#include "histoloom/labels/layout.h"
#include "island_shapes.h"

namespace histoloom {

struct CellCentre {
  double x;
  double y;
};

class TissueOutline {
 public:
  // Measures the share of tissue on `samples`, which stand for the slide.
  TissueOutline(CellSize size, const LayoutOptions& options,
                const std::vector<CellCentre>& samples);

  // Any thread.
  bool is_tissue(double x, double y) const;

 private:
  // The edge's field, exact where it comes within the noise still to be added of `stop_at`.
  float edge(double x, double y, float stop_at) const;
  float frayed_edge(double x, double y, float rough_edge, float stop_at) const;
  // Distance from the nearest tear or hole, about: negative inside one.
  float damage(double x, double y) const;
  void fit(double share, const std::vector<CellCentre>& samples);

  std::unique_ptr<IslandShapes> shapes_;
  double micron_;  // in cells
  double radius_;
  GradientNoise fold_x_, fold_y_;
  std::vector<GradientNoise> octaves_;  // from coarse to fine
  std::vector<float> amplitudes_;       // cells
  std::vector<float> left_after_;       // the most that later octaves and fibres can add
  GradientNoise roughness_;
  GradientNoise sway_x_, sway_y_;
  GradientNoise fibres_, bundles_;
  float fibre_length_;
  GradientNoise tears_, tear_places_;
  GradientNoise holes_, hole_places_;
  float edge_level_ = 0;
  float level_ = 0;
};

}  // namespace histoloom
