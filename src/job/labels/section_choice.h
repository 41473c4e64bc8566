// What a job's section holds: a bundle's word, with a user's choices.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "histoloom/bundle/bundle.h"
#include "histoloom/job/label_spec.h"
#include "histoloom/labels/section_plan.h"

namespace histoloom {

struct SectionChoice {
  SectionRoles roles;
  SectionOptions options;
};

// Nothing if a mask gives the labels, or if the bundle has no section. `prompt`: of the labels, empty
// if there is none. \error UserError if a user chooses what the bundle doesn't have.
std::optional<SectionChoice> section_choice(const LabelSpec& spec, const ModelBundle& bundle,
                                            const std::string& prompt);

// What a section was laid out with.
struct SectionFacts {
  double tumour_share = 0;  // share of the tissue that lies in masses
  int masses = 0;           // number of masses
};

// For reports and the job's echo, and in words: "0.45 of the tissue in 3 masses".
nlohmann::ordered_json json_of(const SectionFacts& facts);
std::string text_of(const SectionFacts& facts);

}  // namespace histoloom
