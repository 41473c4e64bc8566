#include "report.h"

#include <nlohmann/json.hpp>

#include "histoloom/slide/version.h"
#include "label_stage.h"

namespace histoloom {

namespace {

using nlohmann::ordered_json;

ordered_json coverage(const DiffusionReport& diffusion) {
  ordered_json steps = ordered_json::array();
  std::int64_t crops = 0, minimum = 0;
  for (const StepCoverage& step : diffusion.steps) {
    crops += step.crops;
    minimum += step.minimum;
    steps.push_back({{"crops", step.crops}, {"minimum", step.minimum}, {"tapered", step.tapered}});
  }
  return {{"crops", crops}, {"minimum", minimum}, {"steps", steps}};
}

ordered_json network_facts(const DiffusionReport& d) {
  return {{"evaluations", d.evaluations},
          {"padded_evaluations", d.padded_evaluations},
          {"batches", d.batches},
          {"seconds", d.denoiser_seconds},
          {"gflop_per_evaluation", d.gflop_per_evaluation}};
}

ordered_json slide_facts(const GenerateOptions& options, const ModelBundle& bundle,
                         const JobFacts& facts) {
  return {{"width", options.size.width},         {"height", options.size.height},
          {"levels", facts.slide.levels.size()}, {"mpp", bundle.mpp},
          {"bytes", facts.slide.bytes},          {"tissue_fraction", facts.tissue_fraction}};
}

}  // namespace

std::string report_json(const GenerateOptions& options, const JobPlan& plan,
                        const ModelBundle& bundle, const JobFacts& facts) {
  ordered_json slide = {{"path", options.out.string()}};
  slide.update(slide_facts(options, bundle, facts));
  const ordered_json json = {
      {"version", kVersion},
      {"seed", options.seed},
      {"slide", slide},
      {"model", {{"name", bundle.name}, {"sha256", facts.model_sha256}}},
      {"stages",
       {{"mask", {{"seconds", facts.mask_seconds}}},
        {"diffusion", {{"seconds", facts.diffusion_seconds}}},
        {"decode", {{"seconds", facts.decode_seconds}}}}},
      {"denoiser", network_facts(facts.diffusion)},
      {"mask_denoiser", facts.mask.batches > 0 ? network_facts(facts.mask) : ordered_json()},
      {"coverage", coverage(facts.diffusion)},
      {"autoencoder",
       {{"decodes", facts.decode.decodes}, {"seconds", facts.decode.autoencoder_seconds}}},
      {"peak_rss_bytes", facts.peak_rss_bytes},
      {"disk_peak_bytes", plan.disk_latents + facts.slide.bytes},
      {"store",
       {{"bytes_read", facts.traffic.bytes_read}, {"bytes_written", facts.traffic.bytes_written}}},
      {"threads", plan.threads},
      {"dtype", name_of(plan.dtype)},
      {"wall_seconds", facts.wall_seconds}};
  return text_of(json);
}

ordered_json manifest_json(const GenerateOptions& options, const JobPlan& plan,
                           const ModelBundle& bundle, const JobFacts& facts,
                           const ordered_json& job) {
  return {{"synthetic", true},
          {"digital_source_type",
           "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"},
          {"software", std::string("Histoloom ") + kVersion},
          {"date", plan.date},
          {"slide", slide_facts(options, bundle, facts)},
          {"model",
           {{"name", bundle.name},
            {"version", bundle.version},
            {"licence", bundle.licence},
            {"provenance", bundle.provenance}}},
          {"label_set", ordered_json::parse(bundle.labels_json)},
          {"job", job}};
}

}  // namespace histoloom
