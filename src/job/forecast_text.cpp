#include "forecast_text.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace histoloom {

namespace {

// Sums over steps, some of which are counted from a sample.
std::int64_t rounded_count(double count) { return std::llround(count); }

nlohmann::ordered_json painting_json(const CanvasForecast& f) {
  return {{"evaluations", rounded_count(f.painting.evaluations)},
          {"batches", rounded_count(f.painting.batches)},
          {"seconds", f.painting.seconds},
          {"gflop_per_evaluation", f.gflop_per_evaluation}};
}

double network_seconds(const JobForecast& f) {
  double out =
      (f.mask ? f.mask->painting.seconds : 0) + f.image.painting.seconds + f.decode.seconds;
  for (const StageForecast& stage : f.coarser)
    out += stage.painting.painting.seconds + stage.decode.seconds;
  return out;
}

nlohmann::ordered_json decode_json(const DecodeForecast& f) {
  return {{"decodes", rounded_count(f.windows)},
          {"batches", rounded_count(f.batches)},
          {"seconds", f.seconds}};
}

nlohmann::ordered_json stages_json(const JobForecast& f) {
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const StageForecast& stage : f.coarser)
    out.push_back({{"name", stage.name},
                   {"denoiser", painting_json(stage.painting)},
                   {"autoencoder", decode_json(stage.decode)}});
  return out;
}

}  // namespace

std::string evaluations_text(const JobForecast& f, const Sampling& sampling) {
  std::string text =
      fmt::format("about {:.0f} of the denoiser ({} steps, guidance {}), {:.2f} GFLOP each",
                  f.image.painting.evaluations, sampling.steps, sampling.guidance,
                  f.image.gflop_per_evaluation);
  for (const StageForecast& stage : f.coarser)
    text += fmt::format("; about {:.0f} of stage '{}', {:.2f} GFLOP each",
                        stage.painting.painting.evaluations, stage.name,
                        stage.painting.gflop_per_evaluation);
  if (f.mask)
    text += fmt::format("; about {:.0f} of the mask denoiser, {:.2f} GFLOP each",
                        f.mask->painting.evaluations, f.mask->gflop_per_evaluation);
  return text;
}

std::string duration_text(double seconds) {
  if (seconds < 90) return fmt::format("{:.0f} s", seconds);
  if (seconds < 90 * 60) return fmt::format("{:.0f} min", seconds / 60);
  if (seconds < 48 * 3600) return fmt::format("{:.1f} h", seconds / 3600);
  return fmt::format("{:.1f} days", seconds / 86400);
}

namespace {

std::string painting_text(const PaintForecast& f) {
  return f.seconds == 0 && f.batches > 0 ? "unknown" : duration_text(f.seconds);
}

bool all_whole(const JobForecast& f) {
  for (const StageForecast& stage : f.coarser)
    if (!stage.painting.painting.whole_batches || !stage.decode.whole_batches) return false;
  return f.image.painting.whole_batches && f.decode.whole_batches &&
         (!f.mask || f.mask->painting.whole_batches);
}

}  // namespace

std::string time_text(const JobForecast& f, int threads) {
  std::string parts = fmt::format("latents {}, decoding {}", painting_text(f.image.painting),
                                  duration_text(f.decode.seconds));
  for (auto stage = f.coarser.rbegin(); stage != f.coarser.rend(); ++stage)
    parts = fmt::format("stage '{}' {}, ", stage->name,
                        duration_text(stage->painting.painting.seconds + stage->decode.seconds)) +
            parts;
  if (f.mask) parts = fmt::format("labels {}, ", painting_text(f.mask->painting)) + parts;
  return fmt::format("about {} in the networks on {} thread{} ({}), from the time of a few {}",
                     duration_text(network_seconds(f)), threads, threads == 1 ? "" : "s", parts,
                     all_whole(f) ? "batches" : "smaller batches: whole ones take too long to try");
}

nlohmann::ordered_json forecast_json(const JobForecast& f, const Sampling& sampling,
                                     const MachineSpec& machine) {
  nlohmann::ordered_json out = {
      {"steps", sampling.steps},
      {"guidance", sampling.guidance},
      {"denoiser", painting_json(f.image)},
      {"mask_denoiser", f.mask ? painting_json(*f.mask) : nlohmann::ordered_json()},
      {"autoencoder", decode_json(f.decode)},
      {"seconds", network_seconds(f)},
      {"threads", machine.threads},
      {"dtype", name_of(machine.dtype)}};
  if (!f.coarser.empty()) out["stages"] = stages_json(f);
  return out;
}

}  // namespace histoloom
