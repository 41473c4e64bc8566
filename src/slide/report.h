// What a finished job tells about itself.
#pragma once

#include <string>

#include "histoloom/pyramid/writer.h"
#include "plan.h"
#include "tally.h"

namespace histoloom {

struct JobFacts : Tally {
  pyramid::WriteSummary slide;
  double tissue_fraction = 1;
  std::string model_sha256;
};

// The JSON of --report: what was made and what it took.
std::string report_json(const GenerateOptions& options, const JobPlan& plan,
                        const ModelBundle& bundle, const JobFacts& facts);

// The JSON of the manifest beside OUT: what the slide is and how to make it again. The same job
// gives the same; nothing of the clock or the machine is in it.
nlohmann::ordered_json manifest_json(const GenerateOptions& options, const JobPlan& plan,
                                     const ModelBundle& bundle, const JobFacts& facts,
                                     const nlohmann::ordered_json& job);

}  // namespace histoloom
