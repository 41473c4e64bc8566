// Reads what model.json says of the sections of a model.
#pragma once

#include <string>
#include <vector>

#include "histoloom/vocabulary/label_set.h"
#include "histoloom/vocabulary/section.h"
#include "model_reader.h"

namespace histoloom {

// `section`: the object of that name. \error UserError names the key and what is wrong.
SectionSpec read_section(const ModelReader& section, const LabelSet& labels,
                         const std::vector<std::string>& prompts);

}  // namespace histoloom
