// What a section holds above the scale of nests. Masses of tumour have a front, and around it a band
// of stroma or a rim of lymphocytes. Large ones are necrotic in their middles and have satellites. All
// else is quiet tissue. A plan says which of these zones a place lies in. lay_out_section() joins the
// plan with the finer labels that a mask denoiser or noise has painted.
//
// Example: a section of 20 × 20 mm has 160 mm² of tissue. If 0.4 of it is to be tumour in masses of
// 4 mm, it has 5 masses. A slide of 2 mm is smaller than a mass: it shows the front of one.
//
// A plan is a function of seed and place, measured out on about 65,536 cells of the outline. In
// memory: some 40 kB. Zones are computed when they are asked for, in about half a microsecond.
#pragma once

#include <cstdint>
#include <memory>

#include "histoloom/core/geometry.h"
#include "histoloom/labels/label_field.h"
#include "histoloom/vocabulary/section.h"

namespace histoloom {

enum class SectionZone {
  quiet,     // tissue without tumour
  fibrous,   // quiet tissue with stroma in the shapes of nests
  septum,    // a strand of stroma in quiet tissue, or between the lobules of a mass
  lymphoid,  // lymphocytes outside of a front
  band,      // stroma around a mass or between the nests of its front
  solid,     // mass or satellite, tumour without stroma
  dense,     // mass or satellite, rich in tumour
  loose,     // mass or satellite, rich in stroma
  scar,      // stroma of a mass without nests
  necrotic   // the middle of a mass
};

struct SectionOptions {
  SectionTraits traits;
  double microns_per_cell = 4.0;
  std::uint64_t seed = 0;
};

class SectionPlan {
 public:
  // Lays the section out on the cells that the outline leaves unknown. \error UserError if a trait
  // is out of its range, or cells have no size.
  SectionPlan(const LabelField& outline, LabelId unknown, const SectionOptions& options);
  ~SectionPlan();
  SectionPlan(SectionPlan&&) noexcept;
  SectionPlan& operator=(SectionPlan&&) noexcept;

  // The zone of a place in cells; a cell's centre lies at ½. Any thread.
  SectionZone zone_at(double x, double y) const;
  // Whether a place lies inside a mass, however its front breaks up; the tumour share counts these.
  bool in_mass(double x, double y) const;
  // The number of masses; 0 if no tissue is to be tumour.
  int masses() const;

 private:
  struct Fields;
  std::unique_ptr<const Fields> fields_;
};

// What a painted label becomes in a zone. Labels without a role stay, but for those in necrosis,
// bands, scars, septa and lymphoid rims. A zone whose label is missing leaves what is painted in a mass, and
// is quiet elsewhere.
LabelId label_in(SectionZone zone, LabelId painted, const SectionRoles& roles);

// The labels of a slide, joined with a plan; `glass` stays. Cells are computed when they are read.
std::unique_ptr<LabelField> lay_out_section(std::unique_ptr<LabelField> labels, SectionPlan plan,
                                            const SectionRoles& roles,
                                            std::optional<LabelId> glass);

}  // namespace histoloom
