// Where the masses of a section lie: warped ellipses of random sizes, scaled so that the wanted
// share of the tissue lies in them.
#pragma once

#include <vector>

#include "gradient_noise.h"
#include "histoloom/labels/section_plan.h"
#include "tissue_outline.h"

namespace histoloom {

class SectionMasses {
 public:
  // `samples` stand for the tissue, which has `tissue` cells.
  SectionMasses(const SectionOptions& options, const std::vector<CellCentre>& samples,
                double tissue);

  int count() const { return static_cast<int>(masses_.size()); }
  // Half the diameter of a typical mass in cells.
  double radius() const { return radius_; }
  // Cells from the nearest front, about: positive inside of a mass. Any thread.
  float depth(double x, double y) const;

 private:
  struct Mass {
    double x, y, radius, cos, sin, stretch;
  };
  struct Place {
    double x, y, push;  // warped, and how far waves of the front move it outwards
  };

  void place(int count, double push, std::uint64_t seed, const std::vector<CellCentre>& samples);
  Place warped(double x, double y) const;
  static double distance(const Mass& mass, const Place& at);
  // Scales all masses so that `share` of the samples lies in them.
  void fit(double share, const std::vector<CellCentre>& samples);

  double radius_ = 1;
  double lobes_;     // of the warp, in cells
  double wrinkles_;  // of the waves of a front, in cells
  std::vector<GradientNoise> warps_, waves_;
  std::vector<Mass> masses_;
};

}  // namespace histoloom
