#include "job_json.h"

#include <nlohmann/json.hpp>

#include "histoloom/core/version.h"
#include "histoloom/vocabulary/json_text.h"

namespace histoloom {

nlohmann::ordered_json job_json(const GenerateSpec& spec, PixelSize size, const Sampling& sampling,
                                const ModelBundle& bundle, const std::string& model_sha256,
                                const LabelOrigin& labels) {
  nlohmann::ordered_json out = {
      {"version", kVersion},
      {"size", {size.width, size.height}},
      {"seed", spec.seed},
      {"model", {{"name", bundle.name}, {"sha256", model_sha256}}},
      {"labels", {{"source", labels.source}, {"prompt", labels.prompt}, {"sha256", labels.sha256}}},
      {"steps", sampling.steps},
      {"sampler", name_of(sampling.solver)},
      {"spacing", name_of(sampling.spacing)},
      {"eta", sampling.eta},
      {"guidance", sampling.guidance},
      {"guidance_interval", sampling.interval},
      {"plan", name_of(sampling.plan)},
      {"batch", bundle.batch},
      {"tile", spec.tile},
      {"dtype", name_of(spec.machine.dtype)}};
  if (sampling.context_guidance != 0) out["context_guidance"] = sampling.context_guidance;
  if (sampling.consistency != 0) out["consistency"] = sampling.consistency;
  return out;
}

std::string text_of(const nlohmann::ordered_json& facts) { return json_text(facts, 2) + "\n"; }

}  // namespace histoloom
