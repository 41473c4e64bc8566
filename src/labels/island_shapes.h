// The rough plan of a slide: where its pieces of tissue lie, before edges are frayed.
#pragma once

#include <memory>

#include "histoloom/core/noise.h"
#include "histoloom/labels/layout.h"

namespace histoloom {

class IslandShapes {
 public:
  virtual ~IslandShapes() = default;
  // Distance from the nearest edge in cells, about: positive in tissue, negative on glass.
  virtual float distance(double x, double y) const = 0;
  // Half the width of a typical piece in cells: the scale of its coarsest folds.
  virtual double radius() const = 0;
  // How far folds move an edge, as a share of the radius: cores are straighter than resections.
  virtual double folding() const = 0;
};

// The plan for a kind other than `full`; pieces cover about options.tissue_fraction.
std::unique_ptr<IslandShapes> make_island_shapes(CellSize size, const LayoutOptions& options);

}  // namespace histoloom
