// What a job will take, in words and in JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "histoloom/decode/decode_forecast.h"
#include "histoloom/job/machine_spec.h"
#include "paint_stage.h"

namespace histoloom {

// What a coarser stage of a cascade will take.
struct StageForecast {
  std::string name;
  CanvasForecast painting;
  DecodeForecast decode;
};

struct JobForecast {
  std::optional<CanvasForecast> mask;  // where labels are painted
  std::vector<StageForecast> coarser;
  CanvasForecast image;
  DecodeForecast decode;
};

// "about 120 of the denoiser (10 steps, guidance 1), 1.23 GFLOP each"; and of the mask denoiser.
std::string evaluations_text(const JobForecast& forecast, const Sampling& sampling);
// "about 4 min on 2 threads …".
std::string time_text(const JobForecast& forecast, int threads);
// The part of `--dry-run --json` that a new slide and inpainting share (docs/formats.md): steps,
// networks, seconds, threads and number type.
nlohmann::ordered_json forecast_json(const JobForecast& forecast, const Sampling& sampling,
                                     const MachineSpec& machine);
// "45 s", "12 min", "3.5 h", "4.1 days".
std::string duration_text(double seconds);

}  // namespace histoloom
