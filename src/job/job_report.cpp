#include "job_report.h"

#include <nlohmann/json.hpp>

#include "histoloom/core/version.h"
#include "job_json.h"

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

ordered_json stage_facts(const ModelBundle& stage, const StageAccount& account) {
  return {{"name", stage.stage},
          {"diffusion", {{"seconds", account.diffusion_seconds}}},
          {"decode", {{"seconds", account.decode_seconds}}},
          {"denoiser", network_facts(account.diffusion)},
          {"coverage", coverage(account.diffusion)},
          {"autoencoder",
           {{"decodes", account.decode.decodes}, {"seconds", account.decode.autoencoder_seconds}}}};
}

ordered_json slide_facts(const ModelBundle& bundle, const JobFacts& facts) {
  return {{"width", facts.size.width}, {"height", facts.size.height},
          {"levels", facts.levels},    {"mpp", bundle.mpp},
          {"bytes", facts.bytes},      {"tissue_fraction", facts.tissue_fraction}};
}

}  // namespace

std::string report_json(const GenerateSpec& spec, const ModelBundle& bundle, const JobFacts& facts,
                        const Account& account) {
  ordered_json slide = {{"path", spec.out.string()}};
  slide.update(slide_facts(bundle, facts));
  if (facts.section) slide["section"] = json_of(*facts.section);
  ordered_json report = {
      {"version", kVersion},
      {"seed", spec.seed},
      {"slide", slide},
      {"model", {{"name", bundle.name}, {"sha256", facts.model_sha256}}},
      {"stages",
       {{"mask", {{"seconds", account.mask_seconds}}},
        {"diffusion", {{"seconds", account.diffusion_seconds}}},
        {"decode", {{"seconds", account.decode_seconds}}}}},
      {"denoiser", network_facts(account.diffusion)},
      {"mask_denoiser", account.mask.batches > 0 ? network_facts(account.mask) : ordered_json()},
      {"coverage", coverage(account.diffusion)},
      {"autoencoder",
       {{"decodes", account.decode.decodes}, {"seconds", account.decode.autoencoder_seconds}}},
      {"peak_rss_bytes", account.peak_rss_bytes},
      {"disk_peak_bytes", facts.disk_latents + facts.bytes},
      {"store",
       {{"bytes_read", account.traffic.bytes_read},
        {"bytes_written", account.traffic.bytes_written}}},
      {"threads", spec.machine.threads},
      {"dtype", name_of(spec.machine.dtype)},
      {"cpu_kinds", facts.cpu_kinds},
      {"wall_seconds", account.wall_seconds}};
  for (std::size_t i = 0; i < account.stages.size(); ++i)
    report["coarser_stages"].push_back(stage_facts(bundle.stages.at(i), account.stages[i]));
  return text_of(report);
}

ordered_json manifest_json(const GenerateSpec& spec, const ModelBundle& bundle,
                           const JobFacts& facts, const ordered_json& job) {
  return {{"synthetic", true},
          {"digital_source_type",
           "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"},
          {"software", std::string("Histoloom ") + kVersion},
          {"date", spec.date},
          {"slide", slide_facts(bundle, facts)},
          {"model",
           {{"name", bundle.name},
            {"version", bundle.version},
            {"licence", bundle.licence},
            {"provenance", bundle.provenance}}},
          {"label_set", ordered_json::parse(bundle.labels.text())},
          {"job", job},
          {"cpu_kinds", facts.cpu_kinds}};
}

}  // namespace histoloom
