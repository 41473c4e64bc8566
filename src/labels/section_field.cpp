// Painted labels joined with the plan of a section.
#include <vector>

#include "histoloom/labels/section_plan.h"

namespace histoloom {

namespace {

// Tumour far from masses, and what goes with it, is the quiet label. In fibrous places strands of
// stroma have the shapes that nests would have.
LabelId quiet_label(LabelId painted, const SectionRoles& roles, bool fibrous) {
  if (fibrous && painted == roles.tumour) return roles.stroma.value_or(roles.quiet);
  const bool has_role = painted == roles.tumour || painted == roles.stroma ||
                        painted == roles.necrosis || painted == roles.lymphoid;
  return has_role ? roles.quiet : painted;
}

// In a mass, what is quiet between nests is grown over. Necrosis lies in cores alone.
LabelId mass_label(LabelId painted, const SectionRoles& roles, SectionZone zone) {
  if (painted == roles.necrosis) return roles.tumour;
  if (painted == roles.stroma && zone == SectionZone::solid) return roles.tumour;
  if (painted != roles.quiet) return painted;
  return zone == SectionZone::loose ? roles.stroma.value_or(painted) : roles.tumour;
}

class SectionField final : public LabelField {
 public:
  SectionField(std::unique_ptr<LabelField> labels, SectionPlan plan, const SectionRoles& roles,
               std::optional<LabelId> glass)
      : labels_(std::move(labels)), plan_(std::move(plan)), roles_(roles), glass_(glass) {}

  CellSize size() const override { return labels_->size(); }
  void read(const CellRect& rect, LabelId* out) const override {
    labels_->read(rect, out);
    for (std::int64_t y = rect.y0; y < rect.y1; ++y)
      for (std::int64_t x = rect.x0; x < rect.x1; ++x, ++out)
        if (*out != glass_)
          *out = label_in(plan_.zone_at(static_cast<double>(x) + 0.5, static_cast<double>(y) + 0.5),
                          *out, roles_);
  }

 private:
  std::unique_ptr<LabelField> labels_;
  SectionPlan plan_;
  SectionRoles roles_;
  std::optional<LabelId> glass_;
};

}  // namespace

LabelId label_in(SectionZone zone, LabelId painted, const SectionRoles& roles) {
  switch (zone) {
    case SectionZone::quiet:
      return quiet_label(painted, roles, /*fibrous=*/false);
    case SectionZone::fibrous:
      return quiet_label(painted, roles, /*fibrous=*/true);
    case SectionZone::septum:
    case SectionZone::band:
    case SectionZone::scar:
      return roles.stroma.value_or(roles.quiet);
    case SectionZone::lymphoid:
      return roles.lymphoid ? *roles.lymphoid : quiet_label(painted, roles, /*fibrous=*/false);
    case SectionZone::solid:
    case SectionZone::dense:
    case SectionZone::loose:
      return mass_label(painted, roles, zone);
    case SectionZone::necrotic:
      return roles.necrosis.value_or(mass_label(painted, roles, SectionZone::dense));
  }
  return painted;
}

std::unique_ptr<LabelField> lay_out_section(std::unique_ptr<LabelField> labels, SectionPlan plan,
                                            const SectionRoles& roles,
                                            std::optional<LabelId> glass) {
  return std::make_unique<SectionField>(std::move(labels), std::move(plan), roles, glass);
}

}  // namespace histoloom
