// Which class of tissue a cell is: nests of the first class in a bed of the third, little of the
// others. It goes by the order of ids, not by names.
#pragma once

#include <vector>

#include "gradient_noise.h"
#include "histoloom/labels/layout.h"
#include "tissue_outline.h"

namespace histoloom {

class TissueRegions {
 public:
  // `classes`: the ids of tissue, ascending, at least one. `samples`: cells of tissue, on which
  // the classes get their shares.
  TissueRegions(const std::vector<LabelId>& classes, const LayoutOptions& options,
                const std::vector<CellCentre>& samples);

  // Any thread.
  LabelId class_at(double x, double y) const;

 private:
  // A class that lies inside the nests or outside of them, where its own noise is high.
  struct Patch {
    LabelId id;
    bool in_nests;
    GradientNoise noise;
    float level;
  };
  struct Warped {
    double x, y;
    float nest;
  };

  Warped nest_at(double x, double y) const;
  float patch_value(const Patch& patch, const Warped& w) const;
  void fit(const std::vector<CellCentre>& samples);

  LabelId nest_id_;
  LabelId bed_id_;
  GradientNoise warp_x_, warp_y_;
  std::vector<GradientNoise> nests_;
  GradientNoise tumour_;
  float nest_level_ = 0;
  std::vector<Patch> patches_;
};

}  // namespace histoloom
