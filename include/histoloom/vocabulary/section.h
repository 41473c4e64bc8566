// What the sections of a kind of tissue hold at scales that no patch of labels shows. That is masses
// of tumour with their surroundings, and tissue without tumour.
//
// Example: squamous tissue has few masses of 6 mm, and 0.4 of its tissue lies in them.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "histoloom/vocabulary/label_set.h"

namespace histoloom {

// The labels that play a part in a section; a part without a label is left out of it.
struct SectionRoles {
  LabelId tumour = 0;
  LabelId quiet = 0;  // label of tissue far from tumour
  std::optional<LabelId> stroma, necrosis, lymphoid;
};

struct SectionTraits {
  double tumour_share = 0.4;  // share of the tissue that lies in masses, 0 to 1
  double mass_mm = 4;         // diameter of a typical mass
  std::optional<int> masses;  // number of masses; missing: it follows from sizes and shares
  double irregularity = 0.5;  // outlines from 0, round, to 1, lobed
  double infiltration = 0.5;  // fronts from 0, sharp and encapsulated, to 1, breaking up
  double necrosis = 0.05;     // share of the masses that is necrotic, in their middles
};

// The least and the largest diameter of a typical mass, and the most masses of a section.
inline constexpr double kLeastMassMm = 0.1, kMostMassMm = 100;
inline constexpr int kMostMasses = 100;

// The sections of a model.
struct SectionSpec {
  SectionRoles roles;
  SectionTraits traits;                            // traits of all other prompts
  std::map<std::string, SectionTraits> by_prompt;  // traits of the prompts that have their own

  const SectionTraits& traits_of(const std::string& prompt) const {
    const auto own = by_prompt.find(prompt);
    return own == by_prompt.end() ? traits : own->second;
  }
};

}  // namespace histoloom
