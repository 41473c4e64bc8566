#include "forecast_text.h"

#include <fmt/format.h>

namespace histoloom {

std::string evaluations_text(const JobForecast& f, const Sampling& sampling) {
  std::string text =
      fmt::format("about {:.0f} of the denoiser ({} steps, guidance {}), {:.2f} GFLOP each",
                  f.image.painting.evaluations, sampling.steps, sampling.guidance,
                  f.image.gflop_per_evaluation);
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

std::string time_text(const JobForecast& f, int threads) {
  const double mask = f.mask ? f.mask->painting.seconds : 0;
  std::string parts =
      fmt::format("latents {}, decoding {}", duration_text(f.image.painting.seconds),
                  duration_text(f.decode.seconds));
  if (f.mask) parts = fmt::format("labels {}, ", duration_text(mask)) + parts;
  return fmt::format("about {} in the networks on {} thread{} ({}), from the time of a few batches",
                     duration_text(mask + f.image.painting.seconds + f.decode.seconds), threads,
                     threads == 1 ? "" : "s", parts);
}

}  // namespace histoloom
