#include "tally.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace histoloom {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StepCoverage, crops, minimum, tapered)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(DiffusionReport, evaluations, padded_evaluations, batches,
                                   denoiser_seconds, gflop_per_evaluation, steps)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(DecodeReport, decodes, autoencoder_seconds)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StoreTraffic, bytes_read, bytes_written)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Tally, diffusion, decode, traffic, mask_seconds,
                                   diffusion_seconds, decode_seconds, wall_seconds, peak_rss_bytes)

Tally sum_of(const Tally& before, const Tally& now) {
  Tally sum = now;
  sum.diffusion.evaluations += before.diffusion.evaluations;
  sum.diffusion.padded_evaluations += before.diffusion.padded_evaluations;
  sum.diffusion.batches += before.diffusion.batches;
  sum.diffusion.denoiser_seconds += before.diffusion.denoiser_seconds;
  sum.diffusion.steps.insert(sum.diffusion.steps.begin(), before.diffusion.steps.begin(),
                             before.diffusion.steps.end());
  sum.decode.decodes += before.decode.decodes;
  sum.decode.autoencoder_seconds += before.decode.autoencoder_seconds;
  sum.traffic.bytes_read += before.traffic.bytes_read;
  sum.traffic.bytes_written += before.traffic.bytes_written;
  sum.mask_seconds += before.mask_seconds;
  sum.diffusion_seconds += before.diffusion_seconds;
  sum.decode_seconds += before.decode_seconds;
  sum.wall_seconds += before.wall_seconds;
  sum.peak_rss_bytes = std::max(before.peak_rss_bytes, now.peak_rss_bytes);
  return sum;
}

nlohmann::json json_of(const Tally& tally) { return tally; }

Tally tally_from(const nlohmann::json& json) { return json.get<Tally>(); }

}  // namespace histoloom
