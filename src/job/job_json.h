// What decides the pixels of a job: the same JSON, the same slide.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "histoloom/bundle/bundle.h"
#include "histoloom/diffusion/sampling.h"
#include "histoloom/job/generate_spec.h"

namespace histoloom {

// The labels of a job.
struct LabelOrigin {
  std::string source;  // "layout tissue", "mask", "class stroma"
  std::string prompt;  // of painted labels, else empty
  std::string sha256;  // of the labels, or of the outline of painted ones
};

nlohmann::ordered_json job_json(const GenerateSpec& spec, PixelSize size, const Sampling& sampling,
                                const ModelBundle& bundle, const std::string& model_sha256,
                                const LabelOrigin& labels);
// As it stands in a file.
std::string text_of(const nlohmann::ordered_json& json);

}  // namespace histoloom
