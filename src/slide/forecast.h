// What a job will take, in words.
#pragma once

#include <optional>
#include <string>

#include "histoloom/decode/forecast.h"
#include "histoloom/diffusion/forecast.h"

namespace histoloom {

// Of one canvas, and what an evaluation of its network costs.
struct CanvasForecast {
  PaintForecast painting;
  double gflop_per_evaluation = 0;
};

struct JobForecast {
  std::optional<CanvasForecast> mask;  // where labels are painted
  CanvasForecast image;
  DecodeForecast decode;
};

// "about 120 of the denoiser (10 steps, guidance 1), 1.23 GFLOP each"; and of the mask denoiser.
std::string evaluations_text(const JobForecast& forecast, const DiffusionOptions& options);
// "about 4 min on 2 threads …".
std::string time_text(const JobForecast& forecast, int threads);
// "45 s", "12 min", "3.5 h", "4.1 days".
std::string duration_text(double seconds);

}  // namespace histoloom
