// What a finished job tells about itself.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "account.h"
#include "histoloom/bundle/bundle.h"
#include "histoloom/job/generate_spec.h"
#include "histoloom/pyramid/writer.h"
#include "section_choice.h"

namespace histoloom {

// What was made.
struct JobFacts {
  PixelSize size;
  std::size_t levels = 0;
  std::uint64_t bytes = 0;  // of OUT
  double tissue_fraction = 1;
  std::optional<SectionFacts> section{};
  std::string model_sha256;
  std::uint64_t disk_latents = 0;
  std::vector<std::string> cpu_kinds;  // of the kernels of all runs, in their order
};

// The JSON of --report: what was made and what it took.
std::string report_json(const GenerateSpec& spec, const ModelBundle& bundle, const JobFacts& facts,
                        const Account& account);

// The JSON of the manifest beside OUT: what the slide is and how to make it again. The same job
// gives the same; nothing of the clock is in it, and of the machine only its kernels' kind.
nlohmann::ordered_json manifest_json(const GenerateSpec& spec, const ModelBundle& bundle,
                                     const JobFacts& facts, const nlohmann::ordered_json& job);

}  // namespace histoloom
