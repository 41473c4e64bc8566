#include "section_reader.h"

#include <set>

namespace histoloom {

namespace {

// Parts that labels play are told apart by their labels.
class RoleReader {
 public:
  RoleReader(const ModelReader& roles, const LabelSet& labels) : roles_(roles), labels_(labels) {}

  LabelId label(const char* role) {
    const Label* label = labels_.find(std::string_view(roles_.text(role)));
    if (label == nullptr || label->id == labels_.unknown() || label->id == labels_.glass())
      roles_.bad(role, "the name of a label of tissue");
    if (!taken_.insert(label->id).second) roles_.bad(role, "a label that has no other role");
    return label->id;
  }
  std::optional<LabelId> optional(const char* role) {
    return roles_.has(role) ? std::optional(label(role)) : std::nullopt;
  }

 private:
  const ModelReader& roles_;
  const LabelSet& labels_;
  std::set<LabelId> taken_;
};

SectionRoles read_roles(const ModelReader& reader, const LabelSet& labels) {
  RoleReader roles(reader, labels);
  SectionRoles out;
  out.tumour = roles.label("tumour");
  out.quiet = roles.label("quiet");
  out.stroma = roles.optional("stroma");
  out.necrosis = roles.optional("necrosis");
  out.lymphoid = roles.optional("lymphoid");
  return out;
}

// What an object says of a kind of tissue; `out` where it says nothing.
SectionTraits read_traits(const ModelReader& reader, SectionTraits out) {
  const auto read = [&](const char* key, double& value, double low, double high) {
    if (reader.has(key)) value = reader.real(key, low, high);
  };
  read("tumour_share", out.tumour_share, 0, 1);
  read("mass_mm", out.mass_mm, kLeastMassMm, kMostMassMm);
  if (reader.has("masses")) out.masses = reader.whole("masses", 1, kMostMasses);
  read("irregularity", out.irregularity, 0, 1);
  read("infiltration", out.infiltration, 0, 1);
  read("necrosis", out.necrosis, 0, 1);
  return out;
}

}  // namespace

SectionSpec read_section(const ModelReader& section, const LabelSet& labels,
                         const std::vector<std::string>& prompts) {
  SectionSpec out;
  out.roles = read_roles(section.child("roles"), labels);
  out.traits = read_traits(section, {});
  if (!section.has("prompts")) return out;
  const ModelReader own = section.child("prompts");
  for (const auto& [name, ignored] : section.member("prompts").items()) {
    if (std::find(prompts.begin(), prompts.end(), name) == prompts.end())
      section.bad("prompts", fmt::format("by prompts of the model, and '{}' is none", name));
    out.by_prompt[name] = read_traits(own.child(name.c_str()), out.traits);
  }
  return out;
}

}  // namespace histoloom
